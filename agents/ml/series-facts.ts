import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import { gridSql } from "@muster/shared/features/forecast-labels.ts";
import type { ForecastRule } from "@muster/shared/features/label-rule.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { SEASONS, type SeriesFacts } from "./forecast-problem.ts";

const LENGTH = {
  hour: "INTERVAL '1 hour'",
  day: "INTERVAL '1 day'",
  week: "INTERVAL '7 day'",
  month: "INTERVAL '1 month'",
};
/** The share of a series that its season is looked for in: what is sealed lies after it. */
const EARLY = 0.8;

/** Measures a series on its grid: how many, from when to when, and how far off the value of each season before is. */
export async function measureSeries(
  lake: Lake,
  label: DatasetManifest,
  rule: ForecastRule,
  threads: number,
): Promise<SeriesFacts> {
  const relation = { relation: label.name, columns: label.columns };
  return withPins(lake, [pinOf(label.name, label.version)], { threads }, async ({ query, dialect }) => {
    const grid = gridSql(dialect, relation, rule);
    const [row] = await query(
      `WITH ${grid} SELECT count(DISTINCT __key) AS series, count(DISTINCT __p) AS units, min(__p) AS first, max(__p) AS last,
        min(__p) + ${EARLY} * (max(__p) - min(__p)) AS early FROM __grid`,
    );
    const facts = { series: Number(row!.series), units: Number(row!.units) };
    if (facts.units === 0) return { ...facts, first: null, last: null, seasons: [] };
    const moment = (value: unknown) => new Date(String(value)).toISOString();
    const [first, last, early] = [moment(row!.first), moment(row!.last), moment(row!.early)];
    const lags = lagsOf(rule);
    const rows = await query(
      `WITH ${grid}, __lags(season, lag) AS (VALUES ${lags.map(({ season, lag }) => `(${season}, ${lag})`).join(", ")}),
        __far AS MATERIALIZED (
          SELECT l.season, l.lag, a.__key, a.__v, a.__p - l.lag * ${LENGTH[rule.unit]} AS __then FROM __grid a CROSS JOIN __lags l
          WHERE a.__p < TIMESTAMP '${early.slice(0, 23).replace("T", " ")}' AND a.__v IS NOT NULL
        ) SELECT a.season, avg(abs(a.__v - b.__v)) AS error, count(*) AS pairs, count(DISTINCT a.lag) AS lags
        FROM __far a JOIN __grid b ON b.__key = a.__key AND b.__p = a.__then WHERE b.__v IS NOT NULL
        GROUP BY a.season ORDER BY a.season`,
    );
    const seasons: SeriesFacts["seasons"] = rows
      .map((row) => ({
        season: Number(row.season),
        error: Number(row.error),
        pairs: Number(row.pairs) / Number(row.lags),
      }))
      // Twice over: less tells chance.
      .filter(({ season, pairs }) => pairs >= season * facts.series);
    return { ...facts, first, last, seasons };
  });
}

/** Steps of a horizon that a season is judged at. */
const JUDGED_STEPS = 8;

/** How far back the value of the season before lies, for steps spread over the horizon: a step beyond a season looks back over several. */
function lagsOf({ unit, steps }: ForecastRule): { season: number; lag: number }[] {
  const count = Math.min(JUDGED_STEPS, steps);
  const judged = Array.from({ length: count }, (_, i) => Math.max(1, Math.round(((i + 1) * steps) / count)));
  return SEASONS[unit].flatMap((season) => judged.map((step) => ({ season, lag: Math.ceil(step / season) * season })));
}
