import type { Problem, SeriesUnit } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent } from "../warehouse/quote.ts";
import { conditionsSql } from "./conditions.ts";
import { addDays, dateOf, momentOf } from "./horizon.ts";
import type { AheadFeature } from "./kinds.ts";
import type { ForecastRule } from "./label-rule.ts";
import { closedWindows, windowsSql } from "./label-windows.ts";
import { columnOf, doubleSql, NUMERIC, numberSql, qualified, type Relation, TEMPORAL, typedColumn } from "./schema.ts";

/** SQL of one unit of a grid. */
const UNIT: Record<SeriesUnit, string> = {
  hour: "INTERVAL '1 hour'",
  day: "INTERVAL '1 day'",
  week: "INTERVAL '7 day'",
  month: "INTERVAL '1 month'",
};

/** How many units so many days are; `invalid_input` where a gap is no whole number of them. */
export function gapUnits(unit: SeriesUnit, gapDays: number): number {
  const units = { hour: gapDays * 24, day: gapDays, week: gapDays / 7, month: gapDays === 0 ? 0 : 0.5 }[unit];
  if (Number.isInteger(units)) return units;
  throw fault("invalid_input", `a gap of ${gapDays} days is no whole number of ${unit}s; leave it out or change it`);
}

/** SQL for the moment of a row of the series: its time, and the hours of another column where one is named. */
function momentSql(table: Relation, { time, hour }: ForecastRule): string {
  const at = `CAST(${qualified("t", typedColumn(table, time, TEMPORAL, "the time of a series").name)} AS TIMESTAMP)`;
  if (hour === null) return at;
  const hours = qualified("t", typedColumn(table, hour, ["integer"], "the hours of a series").name);
  return `${at} + ${hours} * INTERVAL '1 hour'`;
}

/** SQL of `__grid(__key, __p, __v)`: the series' values by unit of time. */
export function gridSql(dialect: Dialect, table: Relation, label: ForecastRule): string {
  const { series, unit, aggregate, column, where } = label;
  const at = momentSql(table, label);
  const key = series === null ? "''" : dialect.text(qualified("t", series), columnOf(table, series).type);
  const there = series === null ? "" : ` AND ${qualified("t", series)} IS NOT NULL`;
  if (column === null && aggregate !== "count")
    throw fault("invalid_input", `the ${aggregate} of no column; name the value of the series`);
  const value =
    column === null ? "1.0" : numberSql(dialect, "t", typedColumn(table, column, NUMERIC, "a series' value"));
  const made = {
    count: doubleSql(column === null ? "count(*)" : `count(${value})`),
    sum: dialect.sum(value),
    mean: dialect.mean(value),
  }[aggregate];
  return `__grid AS MATERIALIZED (
  SELECT ${key} AS __key, date_trunc('${unit}', ${at}) AS __p, ${made} AS __v FROM ${quoteIdent(table.relation)} t
  WHERE ${at} IS NOT NULL${there} AND ${conditionsSql(table, where)} GROUP BY 1, 2
)`;
}

/** The feature that says what stood there a season before: the seasonal-naive forecast. */
export const SEASON_BEFORE = "season_before";

/** The name under which a forecast's row carries what a feature is. */
export const aheadColumn = ({ of, back }: AheadFeature): string => `__ahead_${of}_${back}`;

/** SQL of what a feature is, on a row `r` of a forecast, and the joins that it needs; null for what a row says itself. */
function aheadSql(
  dialect: Dialect,
  feature: AheadFeature,
  label: ForecastRule,
  gap: number,
): { value: string; join: string } {
  const { of, back } = feature;
  const unit = UNIT[label.unit];
  const name = aheadColumn(feature);
  // What nobody wrote down of a count or sum is 0; before a series' first unit nothing is known of it.
  const valueAt = (moment: string) => ({
    value:
      label.aggregate === "mean"
        ? `${name}.__v`
        : `CASE WHEN ${moment} >= r.__first THEN coalesce(${name}.__v, 0.0) END`,
    join: `LEFT JOIN __grid ${name} ON ${name}.__key = r.__key AND ${name}.__p = ${moment}`,
  });
  switch (of) {
    case "step":
      return { value: doubleSql("r.__step"), join: "" };
    case "season": {
      const seasons = `(CAST(floor((r.__step - 1 + ${gap}) / ${label.season}.0) AS INTEGER) + ${back})`;
      return valueAt(`(r.__target - ${seasons} * ${label.season} * ${unit})`);
    }
    case "last":
      return valueAt(`(r.__cutoff - ${back} * ${unit})`);
    case "mean": {
      const inside = `g.__p < o.__cutoff AND g.__p >= o.__cutoff - ${back} * ${unit}`;
      const mean = label.aggregate === "mean" ? dialect.mean("g.__v") : `${dialect.sum("g.__v")} / ${back}.0`;
      const whole = `r.__cutoff - ${back} * ${unit} >= r.__first`;
      return {
        value: label.aggregate === "mean" ? `${name}.__v` : `CASE WHEN ${whole} THEN coalesce(${name}.__v, 0.0) END`,
        join: `LEFT JOIN (SELECT o.__cutoff, g.__key, ${mean} AS __v FROM __cutoffs o JOIN __grid g ON ${inside} GROUP BY 1, 2) ${name} ON ${name}.__key = r.__key AND ${name}.__cutoff = r.__cutoff`,
      };
    }
    default:
      return { value: dialect.part(of, "r.__target"), join: "" };
  }
}

/** SQL for the moment `__target` of a row `r` as the row is named by it: the day, with the hour where the grid has such. */
export const targetText = (dialect: Dialect, unit: SeriesUnit): string =>
  unit === "hour" ? dialect.text("r.__target", "timestamp") : dialect.text("CAST(r.__target AS DATE)", "date");

/**
 * SQL for the rows of a forecast: one per series, origin and step ahead, named `series|target` (one series: by its target),
 * `ahead` features carried beside. A series counts at an origin where it is at least a season old and had a value in the
 * last season before. What a row carries is of units that end at or before the origin; its label is of the target's own.
 */
export function forecastLabelRows(
  dialect: Dialect,
  problem: Problem,
  dataset: Relation,
  ahead: readonly AheadFeature[] = [],
): string {
  const { label, gapDays = 0, labelDelayDays } = problem;
  if (label.kind !== "forecast") throw fault("invalid_input", "the problem is no forecast; define the problem again");
  const { unit, steps, season, aggregate, series } = label;
  const windows = closedWindows(problem, labelDelayDays, (now) => addDays(momentOf(dateOf(now)), 1));
  const one = UNIT[unit];
  const gap = gapUnits(unit, gapDays);
  const once = [...new Map(ahead.map((feature) => [aheadColumn(feature), feature])).values()];
  const made = once.map((feature) => ({ name: aheadColumn(feature), ...aheadSql(dialect, feature, label, gap) }));
  const all = Array.from({ length: steps }, (_, i) => `(${i + 1})`).join(", ");
  const value = aggregate === "mean" ? "y.__v" : "coalesce(y.__v, 0.0)";
  const target = targetText(dialect, unit);
  return `WITH ${windowsSql(windows)}, __steps(__step) AS (VALUES ${all}), ${gridSql(dialect, dataset, label)},
__series AS (SELECT g.__key, min(g.__p) AS __first FROM __grid g GROUP BY 1),
__rows AS (
  SELECT r.__key, r.__first, c.__cutoff, c.__known_at, c.__split, s.__step, c.__from + (s.__step - 1) * ${one} AS __target
  FROM __series r JOIN __cutoffs c ON r.__first <= c.__cutoff - ${season} * ${one} CROSS JOIN __steps s
  WHERE EXISTS (SELECT 1 FROM __grid g WHERE g.__key = r.__key AND g.__p < c.__cutoff AND g.__p >= c.__cutoff - ${season} * ${one})
)
SELECT * FROM (SELECT ${series === null ? target : `r.__key || '|' || ${target}`} AS __entity, r.__cutoff,
  CASE WHEN r.__split = 'scoring' THEN NULL ELSE ${value} END AS __label, r.__known_at, r.__split${made.map((one) => `, ${one.value} AS ${one.name}`).join("")}
FROM __rows r LEFT JOIN __grid y ON y.__key = r.__key AND y.__p = r.__target
${made
  .map(({ join }) => join)
  .filter((join) => join !== "")
  .join("\n")}) f WHERE f.__split = 'scoring' OR f.__label IS NOT NULL`;
}
