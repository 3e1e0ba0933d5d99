import type { Column } from "../domain/dataset.ts";
import type { Problem } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent } from "../warehouse/quote.ts";
import { momentOf, timestampSql } from "./horizon.ts";
import { columnOf, numberSql, qualified, type Relation, TEMPORAL, typedColumn } from "./schema.ts";
import { inShareSql } from "./side.ts";

/** SQL for a hash of a row's content, 16 hex digits; missing values differ from empty text. */
const contentSql = (dialect: Dialect, alias: string, columns: readonly Column[]): string => {
  const values = columns.map((c) => `coalesce(${dialect.text(qualified(alias, c.name), c.type)}, chr(30))`);
  return `left(${dialect.sha256(`concat_ws(chr(31), ${values.join(", ")})`)}, 16)`;
};

/**
 * SQL for the side of a labelled row in the order of time: the last share, whole moments on one side.
 * Rows without a time stay in training: nothing says that they are late.
 */
const lastTimeSql = (share: number): string =>
  `(__at IS NOT NULL AND (__at = max(__at) OVER labelled OR
    rank() OVER (PARTITION BY __label IS NULL ORDER BY __at NULLS FIRST) - 1 >= ${1 - share} * count(*) OVER labelled))`;

function holdoutSql(dialect: Dialect, problem: Problem): string {
  switch (problem.holdout.kind) {
    case "entities":
      return inShareSql(dialect, "__base", problem.holdout.share, problem.holdout.salt);
    case "last_time":
      return lastTimeSql(problem.holdout.share);
    case "last_cutoff":
      throw fault("invalid_input", "a flat table has no cutoffs; hold out entities or the last time instead");
  }
}

/**
 * SQL for the labelled rows of a flat table: one per table row, `own` columns beside. The cutoff is the row's own event
 * time, null where the table has none. A row is named by the entity's key; without a key by the hash of its content but
 * for the label (equal rows numbered `~2`, `~3`), so that equal rows lie on one side of the hold-out.
 * Rows whose label isn't known by the data's now have none.
 */
export function flatLabelRows(dialect: Dialect, problem: Problem, source: Relation, own: readonly string[]): string {
  if (problem.label.kind !== "column") throw fault("invalid_input", "the problem's label is no column of a flat table");
  const label = columnOf(source, problem.label.column);
  const value = qualified("t", label.name);
  if (problem.task === "regression")
    typedColumn(source, label.name, ["integer", "number", "boolean"], "a regression's target");
  const labelSql = problem.task === "regression" ? numberSql(dialect, "t", label) : dialect.text(value, label.type);
  const at = (name: string | null) =>
    name === null
      ? "CAST(NULL AS TIMESTAMP)"
      : `CAST(${qualified("t", typedColumn(source, name, TEMPORAL, "the event time").name)} AS TIMESTAMP)`;
  const delayed = problem.time !== null && problem.labelDelayDays > 0;
  const known = delayed ? `${at(problem.time)} + ${problem.labelDelayDays} * INTERVAL '1 day'` : at(null);
  // A row whose label isn't known yet is scored, whatever stands there.
  const now = delayed && problem.now !== null ? timestampSql(momentOf(problem.now)) : null;
  const said = now === null ? labelSql : `CASE WHEN ${known} > ${now} THEN NULL ELSE ${labelSql} END`;
  const content = contentSql(
    dialect,
    "t",
    source.columns.filter((c) => c.name !== label.name),
  );
  const entityColumn = problem.entity === null ? null : columnOf(source, problem.entity);
  const key = entityColumn === null ? null : dialect.text(qualified("t", entityColumn.name), entityColumn.type);
  const moment = problem.holdout.kind === "last_time" ? problem.holdout.time : problem.time;
  const carried = own.map((name) => `, ${qualified("t", columnOf(source, name).name)}`).join("");
  const named = own.map((name) => `, ${quoteIdent(name)}`).join("");
  const entity = key === null ? "CASE WHEN __twin = 1 THEN __base ELSE __base || '~' || __twin END" : "__base";
  const twin = key === null ? ", row_number() OVER (PARTITION BY __base ORDER BY __label) AS __twin" : "";
  return `WITH __read AS (
  SELECT ${key === null ? content : `coalesce(${key}, ${content})`} AS __base,
    ${at(problem.time)} AS __when, ${at(moment)} AS __at, ${said} AS __label, ${known} AS __known${carried}
  FROM ${quoteIdent(source.relation)} t
), __sided AS (
  SELECT *, ${holdoutSql(dialect, problem)} AS __held${twin} FROM __read
  WINDOW labelled AS (PARTITION BY __label IS NULL)
)
SELECT ${entity} AS __entity, __when AS __cutoff, __label, __known AS __known_at,
  CASE WHEN __label IS NULL THEN 'scoring' WHEN __held THEN 'holdout' ELSE 'training' END AS __split${named}
FROM __sided`;
}
