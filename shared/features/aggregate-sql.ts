import { fault } from "../fault.ts";
import { type Dialect, filtered } from "../warehouse/dialect.ts";
import { quoteLiteral } from "../warehouse/quote.ts";
import type { MeanRatioFeature, WindowFeature } from "./kinds.ts";
import { columnOf, doubleSql, NUMERIC, type Relation, typedColumn } from "./schema.ts";

const MICROS_PER_DAY = 86_400_000_000;

/** A length in days as whole microseconds. */
export const microsOf = (days: number): number => Math.round(days * MICROS_PER_DAY);

/** SQL for a column of the rows to be aggregated, as a feature reads it. */
export type ReadAs = (feature: WindowFeature, name: string) => string;

/**
 * Where aggregates stand. `within`: of a window of so many days (null: all history) the condition
 * that a row is inside, or the frame that holds just those rows.
 */
export type Aggregating = {
  dialect: Dialect;
  table: Relation;
  readAs: ReadAs;
  within: (days: number | null) => { condition: string | null; over: string };
};

function whereSql(feature: WindowFeature, { table, readAs }: Aggregating): string | null {
  if (!("where" in feature) || feature.where === null) return null;
  const { equals } = feature.where;
  const column = columnOf(table, feature.where.column);
  const value = readAs(feature, column.name);
  if (equals === null) return `${value} IS NULL`;
  const expected =
    typeof equals === "string" ? ["text"] : typeof equals === "boolean" ? ["boolean"] : ["integer", "number"];
  if (!expected.includes(column.type)) {
    const message = `feature ${feature.name} compares ${column.name}, which is ${column.type}, with a ${typeof equals}`;
    throw fault("invalid_input", message, { feature: feature.name });
  }
  if (typeof equals === "number" && !Number.isFinite(equals)) {
    throw fault("invalid_input", `feature ${feature.name} compares with a number that isn't finite`);
  }
  return `${value} = ${typeof equals === "string" ? quoteLiteral(equals) : String(equals)}`;
}

/** One aggregate as a double. Sums and means of fractions are compensated, so that the thread that came first shows less. */
function aggregateSql(
  feature: Exclude<WindowFeature, { kind: "recency_days" | "mean_ratio" }>,
  days: number | null,
  rows: Aggregating,
): string {
  const { dialect, table, readAs } = rows;
  const { aggregate, column: name } = feature;
  const { condition, over } = rows.within(days);
  const conditions = [condition, whereSql(feature, rows)].filter((one) => one !== null);
  const where = conditions.length === 0 ? undefined : conditions.join(" AND ");
  const picked = `${filtered(where)}${over}`;
  if (aggregate === "count") return doubleSql(`count(${name === null ? "*" : readAs(feature, name)})${picked}`);
  if (name === null) {
    throw fault("invalid_input", `feature ${feature.name} takes the ${aggregate} of no column; name one`);
  }
  if (aggregate === "distinct") return doubleSql(`count(DISTINCT ${readAs(feature, name)})${picked}`);
  const { type } = typedColumn(table, name, NUMERIC, `feature ${feature.name}`);
  const read = readAs(feature, name);
  const whole = type === "boolean" ? `CASE WHEN ${read} THEN 1 WHEN NOT ${read} THEN 0 END` : read;
  const value = type === "number" ? dialect.finite(doubleSql(read)) : `CAST(${whole} AS BIGINT)`;
  switch (aggregate) {
    case "sum":
      return `coalesce(${type === "number" ? dialect.sum(value, where, over) : doubleSql(`sum(${value})${picked}`)}, 0)`;
    case "mean":
      return type === "number" ? dialect.mean(value, where, over) : doubleSql(`avg(${value})${picked}`);
    default:
      return doubleSql(`${aggregate}(${value})${picked}`);
  }
}

/** The mean by which a ratio to it divides, as a window of its own. */
export const meanOf = (feature: MeanRatioFeature): Extract<WindowFeature, { kind: "window" }> => ({
  ...feature,
  ...{ kind: "window", aggregate: "mean", where: null },
});

/** SQL for a window's value over the rows; of a `mean_ratio` the mean. */
export function windowSql(feature: Exclude<WindowFeature, { kind: "recency_days" }>, rows: Aggregating): string {
  if (feature.kind === "mean_ratio") return aggregateSql(meanOf(feature), feature.days, rows);
  if (feature.kind === "window") return aggregateSql(feature, feature.days, rows);
  const rate = (days: number) => `(${aggregateSql(feature, days, rows)} / ${days})`;
  return rows.dialect.divide(rate(feature.shortDays), rate(feature.longDays));
}

/** The value for an entity without any row in reach; null where it is missing. */
export const emptySql = (feature: WindowFeature): string | null =>
  feature.kind === "window" && ["count", "sum", "distinct"].includes(feature.aggregate) ? "0.0" : null;

/** The longest window that a feature reads, in days; null: all history. */
export const reachOf = (feature: WindowFeature): number | null =>
  feature.kind === "window" || feature.kind === "mean_ratio"
    ? feature.days
    : feature.kind === "window_ratio"
      ? Math.max(feature.shortDays, feature.longDays)
      : null;
