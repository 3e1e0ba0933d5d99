import {
  daysSql,
  doubleSql,
  NUMERIC,
  numberSql,
  qualified,
  type Relation,
  TEMPORAL,
} from "@muster/shared/features/schema.ts";
import type { Asked } from "@muster/shared/features/timing/filled-later.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";

/**
 * One column described by itself. `min`, `max`, `mean` of numbers (days since 1970 for dates); `meanLength` of text in
 * characters; `top`: the most frequent values of a column with at most `MOST_LISTED` of them, else empty; `withTime`: the
 * correlation of numbers with the event time, null for others and where none is given.
 */
export type ColumnStats = {
  rows: number;
  missing: number;
  distinct: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  meanLength: number | null;
  top: { value: string; rows: number }[];
  withTime: number | null;
};

/** Columns with more distinct values than this have no list of values. */
export const MOST_LISTED = 30;

const numberOrNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

/**
 * Describes the columns of a relation, one by one, in one scan and one more for the values of those with few. `time`: the
 * column of the event time, or null.
 */
export async function measureColumns(
  { query, dialect }: Asked,
  table: Relation,
  time: string | null = null,
): Promise<Record<string, ColumnStats>> {
  const at = time === null ? null : doubleSql(dialect.micros(qualified("t", time)));
  const picked = table.columns.map((c, i) => {
    const column = qualified("t", c.name);
    const days = TEMPORAL.includes(c.type) ? daysSql(dialect.micros(column), "0") : doubleSql("NULL");
    const number = NUMERIC.includes(c.type) ? numberSql(dialect, "t", c) : days;
    const length = c.type === "text" ? `avg(${dialect.length(column)})` : "NULL";
    const moves = at !== null && NUMERIC.includes(c.type) ? `corr(${number}, ${at})` : "NULL";
    return `count(DISTINCT ${column}) AS d${i}, count(*) - count(${column}) AS m${i}, min(${number}) AS a${i},
      max(${number}) AS b${i}, ${dialect.mean(number)} AS c${i}, ${length} AS l${i},
      ${moves} AS t${i}`;
  });
  const [row] = await query(`SELECT count(*) AS n, ${picked.join(", ")} FROM ${quoteIdent(table.relation)} t`);
  const stats: Record<string, ColumnStats> = {};
  table.columns.forEach((c, i) => {
    stats[c.name] = {
      rows: Number(row!.n),
      missing: Number(row![`m${i}`]),
      distinct: Number(row![`d${i}`]),
      min: numberOrNull(row![`a${i}`]),
      max: numberOrNull(row![`b${i}`]),
      mean: numberOrNull(row![`c${i}`]),
      meanLength: numberOrNull(row![`l${i}`]),
      top: [],
      withTime: numberOrNull(row![`t${i}`]),
    };
  });
  const few = table.columns.filter((c) => c.type === "text" && stats[c.name]!.distinct <= MOST_LISTED);
  if (few.length === 0) return stats;
  const values = few.map(
    (c, i) =>
      `SELECT ${i} AS i, ${qualified("t", c.name)} AS value, count(*) AS rows FROM ${quoteIdent(table.relation)} t
       WHERE ${qualified("t", c.name)} IS NOT NULL GROUP BY 2`,
  );
  for (const { i, value, rows } of await query(`${values.join(" UNION ALL ")} ORDER BY 1, 3 DESC, 2`)) {
    stats[few[Number(i)]!.name]!.top.push({ value: String(value), rows: Number(rows) });
  }
  return stats;
}
