import type { Dialect } from "../warehouse/dialect.ts";
import { emptySql, microsOf, windowSql } from "./aggregate-sql.ts";
import { alike, plainSql } from "./own-row-sql.ts";
import { orderOf, type Past, type PastFeature, standsStill } from "./past.ts";
import { columnOf, daysSql, NUMERIC, numberSql, qualified, typedColumn } from "./schema.ts";

/** What the spine carries of its past (`carried`), computed over all rows before any is left out, in two steps. */
export type Windows = { first: string[]; second: string[]; carried: string[] };
/** The windows of a view, SQL per feature name over the spine `s`, and the features that no window answers. */
export type CompiledPast = Windows & { values: Map<string, string>; left: PastFeature[] };

/**
 * Whether SQL's own window functions can answer a feature: rows meet by one key, whatever arrived is known at once, and
 * nothing but the time tells which came first. `lag` may be ordered.
 */
const fits = (dialect: Dialect, feature: PastFeature, past: Past): boolean =>
  // A lag by a join would meet all earlier rows of its key.
  (!past.few || feature.kind === "lag") &&
  feature.key === feature.localKey &&
  feature.arrived === null &&
  (feature.order === undefined || feature.kind === "lag") &&
  standsStill(feature, past.table) &&
  // PostgreSQL counts no distinct values in a window.
  (dialect.name === "duckdb" || feature.kind !== "window" || feature.aggregate !== "distinct");

/** The window of the rows before, and but for a comparison with them the own one; without others of its moment. */
function frame(feature: PastFeature, days: number | null): string {
  const start = days === null ? "UNBOUNDED" : String(microsOf(days) - 1);
  const key = qualified("a", feature.key);
  const others = feature.kind === "mean_ratio" ? "GROUP" : "TIES";
  return ` OVER (PARTITION BY ${key} ORDER BY a.__micros RANGE BETWEEN ${start} PRECEDING AND CURRENT ROW EXCLUDE ${others})`;
}

/**
 * Compiles the features that window functions answer in one sorted pass a key, without meeting any row with any other;
 * the others are left to joins. A row without the key or the time has no past.
 */
export function compilePast(dialect: Dialect, features: readonly PastFeature[], past: Past): CompiledPast {
  const compiled: CompiledPast = { first: [], second: [], carried: [], values: new Map(), left: [] };
  const { table } = past;
  features.forEach((feature, i) => {
    if (!fits(dialect, feature, past)) {
      compiled.left.push(feature);
      return;
    }
    columnOf(table, feature.key);
    const known = `a.__micros IS NOT NULL AND ${qualified("a", feature.key)} IS NOT NULL`;
    const name = `__past${i}`;
    const own = `PARTITION BY ${qualified("a", feature.key)}`;
    compiled.values.set(feature.name, `s.${name}`);
    compiled.carried.push(name);
    if (feature.kind === "recency_days") {
      const last = `max(a.__micros) OVER (${own} ORDER BY a.__micros RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
      const days = daysSql("a.__micros", last);
      compiled.first.push(`CASE WHEN ${known} THEN ${days} END AS ${name}`);
    } else if (feature.kind === "lag") {
      const column = typedColumn(table, feature.column, alike(feature.type), `feature ${feature.name}`);
      const value = plainSql(dialect, "a", column, feature.name);
      const tie = orderOf(feature, table);
      const ties = [`a.__micros`, ...(tie === null ? [] : [qualified("a", tie)])];
      const order = ties.map((sql) => `${sql} NULLS LAST`).join(", ");
      const moment = `OVER (${own}, ${ties.join(", ")})`;
      compiled.first.push(
        `CASE WHEN min(${value}) ${moment} = max(${value}) ${moment} THEN min(${value}) ${moment} END AS ${name}_said`,
        `row_number() OVER (${own} ORDER BY ${order}) AS ${name}_place`,
        `rank() OVER (${own} ORDER BY ${order}) AS ${name}_rank`,
      );
      // Rows of one moment all say what they agree on, so their places among themselves don't matter.
      const back = `CAST(${feature.back} + a.${name}_place - a.${name}_rank AS INTEGER)`;
      const before = `lag(a.${name}_said, ${back}) OVER (${own} ORDER BY a.${name}_place)`;
      compiled.second.push(`CASE WHEN ${known} THEN ${before} END AS ${name}`);
    } else {
      const window = windowSql(feature, {
        ...{ dialect, table },
        readAs: (_, column) => qualified("a", columnOf(table, column).name),
        within: (days) => ({ condition: null, over: frame(feature, days) }),
      });
      const own = () =>
        numberSql(dialect, "a", typedColumn(table, feature.column!, NUMERIC, `feature ${feature.name}`));
      const value = feature.kind === "mean_ratio" ? dialect.divide(`(${own()})`, `(${window})`) : window;
      const empty = emptySql(feature);
      const none = empty === null ? "" : ` WHEN a.__micros IS NOT NULL THEN ${empty}`;
      compiled.first.push(`CASE WHEN ${known} THEN ${value}${none} END AS ${name}`);
    }
  });
  return compiled;
}
