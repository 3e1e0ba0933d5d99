import { gridSql, targetText } from "@muster/shared/features/forecast-labels.ts";
import type { ForecastRule } from "@muster/shared/features/label-rule.ts";
import { qualified, type Relation, TEMPORAL, typedColumn } from "@muster/shared/features/schema.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";

const length = { hour: "INTERVAL 1 HOUR", day: "INTERVAL 1 DAY", week: "INTERVAL 7 DAY", month: "INTERVAL 1 MONTH" };

/**
 * SQL of what became of a forecast's series, from a table of the kind that they were forecast from: one outcome for each series and unit of
 * time that is over, named as the forecast's rows are (`series|unit`), its event time the unit's start, its label by the forecast's own
 * rule. A unit is over where the day after the newest row begins another (an hour's day only with its last hour); of weeks and
 * months the one that the table begins within is left out. A count or sum of no rows is 0 after the series' first unit here.
 */
export function seriesSql(table: Relation, label: ForecastRule, now: Date): string {
  const { unit, aggregate, series, time } = label;
  const one = length[unit];
  const at = `CAST(${qualified("t", typedColumn(table, time, TEMPORAL, "the time of a series").name)} AS TIMESTAMP)`;
  const over =
    unit === "hour"
      ? "SELECT CASE WHEN hour(max(__p)) = 23 THEN max(__p) + INTERVAL 1 HOUR ELSE date_trunc('day', max(__p)) END AS until, min(__p) AS since FROM __grid"
      : `SELECT date_trunc('${unit}', date_trunc('day', max(${at})) + INTERVAL 1 DAY) AS until,
      CASE WHEN date_trunc('day', min(${at})) > date_trunc('${unit}', min(${at})) THEN date_trunc('${unit}', min(${at})) + ${one}
        ELSE date_trunc('${unit}', min(${at})) END AS since FROM ${quoteIdent(table.relation)} t`;
  const rows =
    aggregate === "mean"
      ? "SELECT __key, __p, __v FROM __grid"
      : `SELECT s.__key, s.__p, coalesce(g.__v, 0.0) AS __v FROM (
        SELECT __key, unnest(generate_series(min(__p), any_value(o.until) - ${one}, ${one})) AS __p FROM __grid, __over o GROUP BY __key
      ) s LEFT JOIN __grid g ON g.__key = s.__key AND g.__p = s.__p`;
  const target = targetText(duckdb, unit);
  const moment = `TIMESTAMP ${quoteLiteral(now.toISOString().slice(0, 23).replace("T", " "))}`;
  return `WITH ${gridSql(duckdb, table, label)}, __over AS (${over})
  SELECT ${series === null ? target : `r.__key || '|' || ${target}`} AS __entity, r.__target AS __event_at,
    CAST(r.__v AS VARCHAR) AS __label, CAST(NULL AS TIMESTAMP) AS __arrived_at,
    CASE WHEN r.__v IS NULL THEN 'no label' WHEN r.__target + ${one} > ${moment} THEN 'it lies in the future' END AS __fault
  FROM (SELECT __key, __p AS __target, __v FROM (${rows})) r, __over o WHERE r.__target >= o.since AND r.__target < o.until`;
}
