import type { Column } from "../domain/dataset.ts";
import type { Feature, FeatureValueType } from "../domain/feature.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent } from "../warehouse/quote.ts";
import { aheadColumn } from "./forecast-labels.ts";
import { isAhead, isOwnRow, isRelated, ownColumns, type RelatedFeature, valueType } from "./kinds.ts";
import { compileLabelled, type LabelSource } from "./label-sql.ts";
import { ownRowSql } from "./own-row-sql.ts";
import { checkOrder, type Past } from "./past.ts";
import { compilePast, type Windows } from "./past-sql.ts";
import { compileGroup, groupKey } from "./related-sql.ts";
import { columnOf, type Relation, reservedColumns } from "./schema.ts";

/**
 * What a view is compiled over. `spine`: one row per entity × cutoff with `__entity`, `__cutoff` (TIMESTAMP or null) and
 * the own row's columns, which `columns` lists; `keep` names spine columns to pass through (default `__entity`,
 * `__cutoff`). `tables`: the related tables by dataset name. `past`: the label's own table as the log of its events;
 * `labels`: where labels of other rows are read. With these the spine has the `__self` and `__micros` of its rows.
 */
export type ViewSource = {
  spine: Relation;
  tables: Readonly<Record<string, Relation>>;
  keep?: readonly string[];
  past?: Past;
  labels?: LabelSource;
};

/**
 * SQL of a view: its rows are the spine's, its columns `keep`, then one per feature. `rawColumns`: own columns read.
 * `windows`: what the spine has to carry of its past.
 */
export type CompiledView = {
  sql: string;
  windows: Windows;
  columns: { name: string; type: FeatureValueType }[];
  rawColumns: Column[];
};

const folded = (name: string) => name.toLowerCase();

/** DuckDB's identifiers don't tell case apart, quoted or not, so neither may the names here. */
function checkNames(features: readonly Feature[], source: ViewSource): void {
  const reserved = new Set<string>(reservedColumns);
  const column = source.spine.columns.find((c) => reserved.has(folded(c.name)));
  if (column !== undefined) {
    throw fault("invalid_input", `column ${column.name} has a name kept for the matrix; rename it`, {
      column: column.name,
    });
  }
  const seen = new Set<string>();
  for (const { name } of features) {
    if (name.startsWith("__") || seen.has(folded(name))) {
      const why = name.startsWith("__") ? "starts with __, which is kept for the matrix" : "is there twice";
      throw fault("invalid_input", `feature ${name} ${why}; name it otherwise`, { feature: name });
    }
    seen.add(folded(name));
  }
}

/** A related table that a feature names. `not_found` where the source doesn't have it. */
function tableOf(feature: RelatedFeature, name: string, source: ViewSource): Relation {
  const table = Object.hasOwn(source.tables, name) ? source.tables[name] : undefined;
  if (table === undefined) {
    const message = `feature ${feature.name} reads ${name}, which isn't in the scope`;
    throw fault("not_found", message, { feature: feature.name, dataset: name });
  }
  return table;
}

/** The features of related tables in groups, each of which one pass can answer. */
function grouped<T extends RelatedFeature>(features: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const feature of features) {
    const key = groupKey(feature);
    const group = groups.get(key);
    if (group) group.push(feature);
    else groups.set(key, [feature]);
  }
  return [...groups.values()];
}

/**
 * Compiles typed features into one SQL query over a spine: one join per related table, windows side by side in one pass.
 * Every identifier is looked up in the given schemas (`not_found`), then quoted. Row order is not promised.
 */
export function compileView(
  dialect: Dialect,
  view: { features: readonly Feature[] },
  source: ViewSource,
): CompiledView {
  const { features } = view;
  if (features.length === 0) throw fault("invalid_input", "a view without features; give at least one");
  checkNames(features, source);
  const { spine, past } = source;
  const values = new Map<string, string>();
  for (const feature of features)
    if (isOwnRow(feature)) values.set(feature.name, ownRowSql(dialect, feature, spine, "s"));
    else if (isAhead(feature)) values.set(feature.name, `s.${aheadColumn(feature)}`);
  const mine = past === undefined ? [] : features.filter(past.isPast);
  const others = features.filter(isRelated).filter((feature) => !(mine as RelatedFeature[]).includes(feature));
  others.forEach(checkOrder);
  const before = past === undefined ? null : compilePast(dialect, mine, past);
  for (const [name, sql] of before?.values ?? []) values.set(name, sql);
  const sources = [
    ...grouped(others).map((group) => {
      const [first] = group;
      const via = first!.via === undefined ? undefined : tableOf(first!, first!.via.table, source);
      return { group, source: { dialect, spine, table: tableOf(first!, first!.table, source), via, past: false } };
    }),
    ...grouped(before?.left ?? []).map((group) => ({
      group,
      source: { dialect, spine, table: past!.table, past: true },
    })),
  ];
  const compiled = [
    ...sources.map(({ group, source }, i) => compileGroup(group, source, i)),
    ...compileLabelled(features, source.labels),
  ];
  for (const group of compiled) for (const [name, sql] of group.values) values.set(name, sql);
  const kept = (source.keep ?? ["__entity", "__cutoff"]).map((name) => `s.${quoteIdent(name)}`);
  const selected = features.map((f) => `${values.get(f.name)!} AS ${quoteIdent(f.name)}`);
  const ctes = compiled.flatMap((group) => group.ctes);
  const sql = [
    ctes.length === 0 ? "" : `WITH ${ctes.join(",\n")}`,
    `SELECT ${[...kept, ...selected].join(",\n  ")}`,
    `FROM ${quoteIdent(source.spine.relation)} s`,
    ...compiled.flatMap((group) => group.joins),
  ];
  const read = new Set(features.filter(isOwnRow).flatMap(ownColumns));
  return {
    sql: sql.filter((line) => line !== "").join("\n"),
    windows: before ?? { first: [], second: [], carried: [] },
    columns: features.map((f) => ({ name: f.name, type: valueType(f) })),
    rawColumns: [...read].map((name) => columnOf(source.spine, name)),
  };
}
