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
    const seasons: SeriesFacts["seasons"] = [];
    for (const season of SEASONS[rule.unit]) {
      const [found] = await query(
        `WITH ${grid} SELECT avg(abs(a.__v - b.__v)) AS error, count(*) AS pairs FROM __grid a
          JOIN __grid b ON b.__key = a.__key AND b.__p = a.__p - ${season} * ${LENGTH[rule.unit]}
          WHERE a.__p < TIMESTAMP '${early.slice(0, 23).replace("T", " ")}' AND a.__v IS NOT NULL AND b.__v IS NOT NULL`,
      );
      const pairs = Number(found!.pairs);
      // Twice over: less tells chance.
      if (pairs >= season * facts.series && pairs > 0) seasons.push({ season, error: Number(found!.error), pairs });
    }
    return { ...facts, first, last, seasons };
  });
}
