import { fault } from "../fault.ts";
import { quoteIdent, quoteLiteral } from "../warehouse/quote.ts";
import { isLookup, type LookupFeature, type RelatedFeature, relatedValues, type WindowFeature } from "./kinds.ts";
import { alike, plainSql } from "./own-row-sql.ts";
import {
  columnOf,
  daysSql,
  finiteSql,
  laterSql,
  microsSql,
  NUMERIC,
  numberSql,
  qualified,
  type Relation,
  TEMPORAL,
  typedColumn,
} from "./schema.ts";

/** Common table expressions of one group of related features, the join back to the spine, and SQL per feature name. */
export type CompiledGroup = { ctes: string[]; join: string; values: Map<string, string> };

const MICROS_PER_DAY = 86_400_000_000;
const micros = (days: number) => String(Math.round(days * MICROS_PER_DAY));

/** Features that one pass over one related table can answer get the same text. */
export const groupKey = (f: RelatedFeature): string =>
  JSON.stringify([isLookup(f), f.table, f.key, f.localKey, f.time, f.arrived]);

/** How two key columns are compared: as they are where their types agree, else as numbers or text. */
function comparable(left: Relation, leftName: string, right: Relation, rightName: string): (sql: string) => string {
  const a = columnOf(left, leftName).type;
  const b = columnOf(right, rightName).type;
  if (a === b) return (sql) => sql;
  const type = NUMERIC.includes(a) && NUMERIC.includes(b) ? "DOUBLE" : "VARCHAR";
  return (sql) => `CAST(${sql} AS ${type})`;
}

/**
 * SQL for a value of a related row as it was at the cutoff `k.__cutoff`. A row may have been written to after it arrived:
 * a date later than the cutoff wasn't there yet, nor was what `filledBy` says is filled in with such a date.
 */
function knownSql(feature: RelatedFeature, table: Relation, name: string, value: string): string {
  const filledBy = "filledBy" in feature ? feature.filledBy : undefined;
  const dates = new Set<string>();
  if (filledBy !== undefined)
    dates.add(typedColumn(table, filledBy, TEMPORAL, `the date that fills in feature ${feature.name}`).name);
  if (TEMPORAL.includes(columnOf(table, name).type)) dates.add(name);
  // Rows whose time or arrival is later aren't joined at all.
  for (const moment of [feature.time, feature.arrived]) if (moment !== null) dates.delete(moment);
  const later = [...dates].map((date) => laterSql("t", date, "k.__cutoff"));
  return later.length === 0 ? value : `CASE WHEN ${later.join(" OR ")} THEN NULL ELSE ${value} END`;
}

/** The name that a column has among the joined rows, as a feature reads it. */
type ReadAs = (feature: WindowFeature, name: string) => string;

/** The columns that windows read, each once as it was at the cutoff: items of the joined rows' SELECT, and their names. */
function knownColumns(features: readonly WindowFeature[], table: Relation): { selected: string; readAs: ReadAs } {
  const names = new Map<string, string>();
  const known: (...of: Parameters<ReadAs>) => string = (feature, name) =>
    knownSql(feature, table, name, qualified("t", columnOf(table, name).name));
  for (const sql of features.flatMap((f) => relatedValues(f).map((name) => known(f, name))))
    if (!names.has(sql)) names.set(sql, `__c${names.size}`);
  return {
    selected: [...names].map(([sql, name]) => `, ${sql} AS ${name}`).join(""),
    readAs: (feature, name) => names.get(known(feature, name))!,
  };
}

function whereSql(feature: WindowFeature, table: Relation, readAs: ReadAs): string | null {
  if (feature.kind === "recency_days" || feature.where === null) return null;
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

function filterSql(feature: WindowFeature, table: Relation, readAs: ReadAs, days: number | null): string {
  const where = whereSql(feature, table, readAs);
  const conditions = [...(days === null ? [] : [`__age < ${micros(days)}`]), ...(where === null ? [] : [where])];
  return conditions.length === 0 ? "" : ` FILTER (WHERE ${conditions.join(" AND ")})`;
}

/** One aggregate as a double. Sums and means of fractions are compensated, so that the thread that came first shows less. */
function aggregateSql(
  feature: Exclude<WindowFeature, { kind: "recency_days" }>,
  table: Relation,
  readAs: ReadAs,
  days: number | null,
): string {
  const { aggregate, column: name } = feature;
  const filter = filterSql(feature, table, readAs, days);
  if (aggregate === "count") return `CAST(count(${name === null ? "*" : readAs(feature, name)})${filter} AS DOUBLE)`;
  if (name === null) {
    throw fault("invalid_input", `feature ${feature.name} takes the ${aggregate} of no column; name one`);
  }
  if (aggregate === "distinct") return `CAST(count(DISTINCT ${readAs(feature, name)})${filter} AS DOUBLE)`;
  const { type } = typedColumn(table, name, NUMERIC, `feature ${feature.name}`);
  const column = { name: readAs(feature, name), type };
  const value = column.type === "number" ? numberSql("t", column) : `CAST(${column.name} AS BIGINT)`;
  const exact = column.type !== "number";
  const calls: Record<string, string> = {
    sum: exact ? "sum" : "fsum",
    mean: exact ? "avg" : "favg",
    min: "min",
    max: "max",
  };
  const result = `CAST(${calls[aggregate]}(${value})${filter} AS DOUBLE)`;
  return aggregate === "sum" ? `coalesce(${result}, 0)` : result;
}

function windowSql(feature: WindowFeature, table: Relation, readAs: ReadAs): string {
  switch (feature.kind) {
    case "recency_days":
      return "CAST(min(__age) AS DOUBLE) / 86400000000.0";
    case "window":
      return aggregateSql(feature, table, readAs, feature.days);
    case "window_ratio": {
      const rate = (days: number) => `(${aggregateSql(feature, table, readAs, days)} / ${days})`;
      return finiteSql(`(${rate(feature.shortDays)} / NULLIF(${rate(feature.longDays)}, 0))`);
    }
  }
}

/** The value for an entity without any row in reach. */
function emptySql(feature: WindowFeature): string | null {
  return feature.kind === "window" && ["count", "sum", "distinct"].includes(feature.aggregate) ? "0.0" : null;
}

function lookupSql(feature: LookupFeature, table: Relation): string {
  if (feature.kind === "lookup") {
    const column = typedColumn(table, feature.column, alike(feature.type), `feature ${feature.name}`);
    return knownSql(feature, table, column.name, plainSql("t", column, feature.name));
  }
  const { name } = typedColumn(table, feature.column, TEMPORAL, `feature ${feature.name}`);
  return knownSql(feature, table, name, daysSql("epoch_us(k.__cutoff)", microsSql("t", name)));
}

/**
 * Compiles features of one group (same table, key, local key, times) into one pass over the table.
 * Rows count when event time ≤ cutoff and arrival ≤ cutoff; a row without the time or the arrival never counts. Of a row
 * that counts, dates later than the cutoff are missing, and with them what a feature's `filledBy` says they fill in.
 */
export function compileGroup(
  features: readonly RelatedFeature[],
  spine: Relation,
  table: Relation,
  id: number,
): CompiledGroup {
  const first = features[0]!;
  const cast = comparable(spine, first.localKey, table, first.key);
  const own = cast(qualified("s", first.localKey));
  const [keys, joined, group] = [`__keys${id}`, `__near${id}`, `__group${id}`];
  const matches = [`${cast(qualified("t", first.key))} = k.__key`];
  for (const moment of [first.time, first.arrived]) {
    if (moment === null) continue;
    typedColumn(table, moment, TEMPORAL, `the time of feature ${first.name}`);
    matches.push(`CAST(${qualified("t", moment)} AS TIMESTAMP) <= k.__cutoff`);
  }
  const ctes = [
    `${keys} AS (SELECT DISTINCT ${own} AS __key, s.__cutoff FROM ${quoteIdent(spine.relation)} s WHERE ${own} IS NOT NULL)`,
  ];
  const join = `LEFT JOIN ${group} ON ${group}.__key = ${own} AND ${group}.__cutoff IS NOT DISTINCT FROM s.__cutoff`;
  const values = new Map<string, string>();
  const from = `${keys} k JOIN ${quoteIdent(table.relation)} t ON ${matches.join(" AND ")}`;
  const windows = features.filter((f): f is WindowFeature => !isLookup(f));
  const lookups = features.filter((f): f is LookupFeature => isLookup(f));
  if (windows.length > 0) {
    const longest = windows.map((f) =>
      f.kind === "window" ? f.days : f.kind === "window_ratio" ? Math.max(f.shortDays, f.longDays) : null,
    );
    // Without a feature over all history, rows older than the longest window needn't be joined at all.
    const reach = longest.includes(null) ? "" : ` WHERE __age < ${micros(Math.max(...(longest as number[])))}`;
    const age = `epoch_us(k.__cutoff) - ${microsSql("t", first.time!)}`;
    const { selected, readAs } = knownColumns(windows, table);
    const aggregates = windows.map((f, i) => `${windowSql(f, table, readAs)} AS v${i}`);
    ctes.push(`${joined} AS (SELECT k.__key, k.__cutoff, ${age} AS __age${selected} FROM ${from})`);
    ctes.push(
      `${group} AS (SELECT __key, __cutoff, ${aggregates.join(", ")} FROM ${joined} t${reach} GROUP BY __key, __cutoff)`,
    );
    windows.forEach((f, i) => {
      const empty = emptySql(f);
      const value = `${group}.v${i}`;
      values.set(
        f.name,
        empty === null ? value : `CASE WHEN s.__cutoff IS NOT NULL THEN coalesce(${value}, ${empty}) END`,
      );
    });
    return { ctes, join, values };
  }
  const newest = [first.time, first.arrived].filter((c) => c !== null).map((c) => `${qualified("t", c)} DESC`);
  const rank =
    newest.length === 0 ? "1" : `rank() OVER (PARTITION BY k.__key, k.__cutoff ORDER BY ${newest.join(", ")})`;
  const picked = lookups.map((f, i) => `${lookupSql(f, table)} AS v${i}`);
  const agreed = lookups.map((_, i) => `CASE WHEN min(v${i}) = max(v${i}) THEN min(v${i}) END AS v${i}`);
  ctes.push(`${joined} AS (SELECT k.__key, k.__cutoff, ${rank} AS __rank, ${picked.join(", ")} FROM ${from})`);
  ctes.push(
    `${group} AS (SELECT __key, __cutoff, ${agreed.join(", ")} FROM ${joined} WHERE __rank = 1 GROUP BY __key, __cutoff)`,
  );
  lookups.forEach((f, i) => {
    values.set(f.name, `${group}.v${i}`);
  });
  return { ctes, join, values };
}
