import type { Problem } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent } from "../warehouse/quote.ts";
import { closedWindows, windowsSql } from "./label-windows.ts";
import { columnOf, qualified, type Relation, TEMPORAL, typedColumn } from "./schema.ts";

/**
 * SQL for the labelled rows of an interval table: one per cutoff and entity active then, `own` columns of the interval
 * active at the cutoff (the newest start) beside. Label 1: an interval of the entity ends inside (cutoff + gap, cutoff + gap + horizon]
 * while no other one runs on or starts within `graceDays`; intervals that end before they start are left out.
 * Columns that the end of the interval fills can't be `own`: `invalid_input` for the end itself.
 */
export function endedLabelRows(dialect: Dialect, problem: Problem, source: Relation, own: readonly string[]): string {
  const { label } = problem;
  if (label.kind !== "ended" || problem.entity === null) {
    throw fault("invalid_input", "the problem is no event of an entity's intervals");
  }
  if (own.includes(label.end)) {
    throw fault("invalid_input", `column ${label.end} isn't known at the cutoff and can't be read there; leave it out`);
  }
  const delay = Math.max(label.graceDays, problem.labelDelayDays);
  const windows = closedWindows(problem, delay, (now) => now);
  const start = `CAST(${qualified("t", typedColumn(source, label.start, TEMPORAL, "an interval's start").name)} AS TIMESTAMP)`;
  const end = `CAST(${qualified("t", typedColumn(source, label.end, TEMPORAL, "an interval's end").name)} AS TIMESTAMP)`;
  const key = columnOf(source, problem.entity);
  const entity = dialect.text(qualified("t", key.name), key.type);
  const carried = own.map((name) => `, ${qualified("t", columnOf(source, name).name)}`).join("");
  const named = own.map((name) => `, a.${quoteIdent(name)}`).join("");
  // Two intervals of one start are told apart by their content without the end, which isn't known at the cutoff.
  const tie = source.columns
    .filter((c) => c.name !== label.end)
    .map((c) => `coalesce(${dialect.text(qualified("t", c.name), c.type)}, chr(30))`);
  return `WITH ${windowsSql(windows)},
__intervals AS MATERIALIZED (
  SELECT ${entity} AS __entity, ${start} AS __start, ${end} AS __end, concat_ws(chr(31), ${tie.join(", ")}) AS __tie${carried}
  FROM ${quoteIdent(source.relation)} t
  WHERE ${entity} IS NOT NULL AND ${start} IS NOT NULL AND (${end} IS NULL OR ${end} > ${start})
), __final AS (
  SELECT i.__entity, i.__end FROM __intervals i
  WHERE i.__end IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM __intervals j
    WHERE j.__entity = i.__entity AND (j.__end IS NULL OR j.__end > i.__end)
      AND j.__start <= i.__end + ${label.graceDays} * INTERVAL '1 day')
), __left AS (
  SELECT DISTINCT c.__cutoff, f.__entity FROM __cutoffs c JOIN __final f ON f.__end > c.__from AND f.__end <= c.__until
), __active AS (
  SELECT c.*, i.*, row_number() OVER (PARTITION BY c.__cutoff, i.__entity ORDER BY i.__start DESC, i.__tie) AS __nth
  FROM __cutoffs c JOIN __intervals i ON i.__start <= c.__cutoff AND (i.__end IS NULL OR i.__end > c.__cutoff)
)
SELECT a.__entity, a.__cutoff,
  CASE WHEN a.__split = 'scoring' THEN NULL WHEN l.__entity IS NULL THEN '0' ELSE '1' END AS __label,
  a.__known_at, a.__split${named}
FROM __active a LEFT JOIN __left l ON l.__cutoff = a.__cutoff AND l.__entity = a.__entity
WHERE a.__nth = 1`;
}
