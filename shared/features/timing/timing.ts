import type { Column } from "../../domain/dataset.ts";
import type { Dropped } from "../../domain/model.ts";
import type { Problem } from "../../domain/problem.ts";
import { quoteIdent, quoteLiteral } from "../../warehouse/quote.ts";
import { addHorizon, momentOf } from "../horizon.ts";
import { columnOf, qualified, type Relation, TEMPORAL } from "../schema.ts";
import type { Asked, FilledLater } from "./filled-later.ts";

/** How a column of an interval table goes with the end: share filled of the ended and of the running, and purity. */
export type EndTiming = { ended: number; running: number; purity: number; base: number };

/**
 * What was measured about when columns are written. `overwritten`: by `dataset.column` of the update time; `filled`: by
 * `dataset.column`.
 */
export type Timing = {
  ends: Record<string, EndTiming>;
  overwritten: Record<string, { rows: number; after: number }>;
  filled: Record<string, FilledLater>;
};

const UPDATE =
  /^(?:(.+?)[_ ])??(?:last[_ ])?(?:updated|changed|modified|update|change)(?:[_ ](?:at|on|date|time|ts|timestamp))?$/i;

/** The column of an update time's subject: "status" of `status_updated_at`, "" for a whole row's; null for other names. */
export function updateSubject(column: Column): string | null {
  if (!TEMPORAL.includes(column.type)) return null;
  const spaced = column.name.replace(/([a-z])([A-Z])/g, "$1_$2");
  const match = UPDATE.exec(spaced);
  if (match === null) return null;
  const subject = (match[1] ?? "").toLowerCase();
  return ["", "last", "row", "record", "dw", "etl"].includes(subject) ? "" : subject;
}

/** Whether an update time with this subject speaks of the column. */
export const governs = (subject: string, column: string): boolean => {
  const words = column
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[_ ]/);
  return subject === "" || subject.split(/[_ ]/).every((word) => words.includes(word));
};

/** The time at which the newest training label was known: later ends belong to the hold-out. */
function learnedUntil(problem: Problem): string {
  const last = problem.cutoffs.training.at(-1)!;
  const until = problem.horizon === null ? momentOf(last) : addHorizon(momentOf(last), problem.horizon);
  return `TIMESTAMP ${quoteLiteral(until.toISOString().slice(0, 19).replace("T", " "))}`;
}

/**
 * Measures how the columns of an interval table go with its end: intervals ended inside the training windows against
 * those still running. `purity`: the share of intervals whose value (missing is one) tells which they are.
 */
export async function measureEnds(
  { query, dialect }: Asked,
  problem: Problem,
  table: Relation,
): Promise<Timing["ends"]> {
  if (problem.label.kind !== "ended" || problem.cutoffs.training.length === 0) return {};
  const { start, end } = problem.label;
  const others = table.columns.filter((c) => c.name !== start && c.name !== end && c.name !== problem.entity);
  if (others.length === 0) return {};
  const moment = `CAST(${qualified("t", columnOf(table, end).name)} AS TIMESTAMP)`;
  const seen = `SELECT ${moment} IS NOT NULL AS __over, ${others.map((c, i) => `${dialect.text(qualified("t", c.name), c.type)} AS c${i}`).join(", ")}
    FROM ${quoteIdent(table.relation)} t WHERE ${moment} IS NULL OR ${moment} <= ${learnedUntil(problem)}`;
  const parts = others.map(
    (
      _,
      i,
    ) => `SELECT ${i} AS i, sum(ended) AS ended, sum(running) AS running, sum(ended) FILTER (WHERE filled) AS ended_filled,
      sum(running) FILTER (WHERE filled) AS running_filled, sum(greatest(ended, running)) AS pure, count(*) AS n
      FROM (SELECT CASE WHEN (SELECT count(DISTINCT c${i}) FROM __seen) <= 50 THEN c${i} ELSE CAST(c${i} IS NULL AS VARCHAR) END AS value,
        c${i} IS NOT NULL AS filled, count(*) FILTER (WHERE __over) AS ended, count(*) FILTER (WHERE NOT __over) AS running
        FROM __seen GROUP BY 1, 2) counted`,
  );
  const rows = await query(`WITH __seen AS MATERIALIZED (${seen}) ${parts.join(" UNION ALL ")}`);
  const share = (part: unknown, of: unknown) => (Number(of) > 0 ? Number(part ?? 0) / Number(of) : 0);
  return Object.fromEntries(
    rows.map((row) => {
      const [ended, running] = [Number(row.ended ?? 0), Number(row.running ?? 0)];
      const timing: EndTiming = {
        ended: share(row.ended_filled, ended),
        running: share(row.running_filled, running),
        purity: share(row.pure, ended + running),
        base: share(Math.max(ended, running), ended + running),
      };
      return [others[Number(row.i)]!.name, timing];
    }),
  );
}

/**
 * Measures which training rows meet a row of `table` that was written after their cutoff, for each update time of it.
 * `labels`: SQL of the labelled rows; `key`: the column of `table` that holds the entity.
 */
export async function measureOverwritten(
  { query, dialect }: Asked,
  labels: string,
  table: Relation & { dataset: string },
  key: string,
): Promise<Timing["overwritten"]> {
  const updates = table.columns.filter((c) => updateSubject(c) !== null);
  if (updates.length === 0) return {};
  const counts = updates.map(
    (c, i) =>
      `count(*) FILTER (WHERE ${qualified("t", c.name)} IS NOT NULL) AS n${i},
       count(*) FILTER (WHERE CAST(${qualified("t", c.name)} AS TIMESTAMP) > l.__cutoff) AS after${i}`,
  );
  const [row] = await query(`SELECT ${counts.join(", ")} FROM (${labels}) l
    JOIN ${quoteIdent(table.relation)} t ON ${dialect.text(qualified("t", key), columnOf(table, key).type)} = l.__entity
    WHERE l.__split = 'training' AND l.__cutoff IS NOT NULL`);
  return Object.fromEntries(
    updates.map((c, i) => [
      `${table.dataset}.${c.name}`,
      { rows: Number(row![`n${i}`]), after: Number(row![`after${i}`]) },
    ]),
  );
}

/** Fewer rows than this share written after the cutoff may be mistakes of clocks. */
const OVERWRITTEN_SHARE = 0.001;
const PURE = 0.99;

/** Why a column can't be read at the cutoffs, or null. `own`: it belongs to the interval table itself. */
export function untimely(
  name: string,
  dataset: string,
  columns: readonly Column[],
  timing: Timing,
  own: boolean,
): Dropped | null {
  const full = `${dataset}.${name}`;
  const ends = own ? timing.ends[name] : undefined;
  if (ends !== undefined && ends.running <= 0.001 && ends.ended >= 0.02) {
    return {
      name: full,
      reason: "filled only once the interval has ended: it isn't known at the cutoff (share of ended rows filled)",
      number: ends.ended,
    };
  }
  if (ends !== undefined && ends.purity >= PURE && ends.base < 0.98) {
    return {
      name: full,
      reason: "its value tells whether the interval has ended: it is written at the end (share of rows told apart)",
      number: ends.purity,
    };
  }
  for (const column of columns) {
    const subject = updateSubject(column);
    const found = timing.overwritten[`${dataset}.${column.name}`];
    if (subject === null || found === undefined || found.rows === 0 || column.name === name || !governs(subject, name))
      continue;
    const share = found.after / found.rows;
    if (share >= OVERWRITTEN_SHARE) {
      return {
        name: full,
        reason: `overwritten in place: ${column.name} lies after the cutoff (share of training rows)`,
        number: share,
      };
    }
  }
  return null;
}
