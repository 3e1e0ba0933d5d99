import type { Column } from "../domain/dataset.ts";
import type { Feature, FeatureValueType } from "../domain/feature.ts";
import { fault } from "../fault.ts";
import { quoteIdent } from "../warehouse/quote.ts";
import { isOwnRow, ownColumns, type RelatedFeature, valueType } from "./kinds.ts";
import { ownRowSql } from "./own-row-sql.ts";
import { compileGroup, groupKey } from "./related-sql.ts";
import { columnOf, type Relation, reservedColumns } from "./schema.ts";

/**
 * What a view is compiled over. `spine`: one row per entity × cutoff with `__entity`, `__cutoff` (TIMESTAMP or null) and
 * the own row's columns, which `columns` lists; `keep` names spine columns to pass through (default `__entity`,
 * `__cutoff`). `tables`: the related tables by dataset name.
 */
export type ViewSource = {
  spine: Relation;
  tables: Readonly<Record<string, Relation>>;
  keep?: readonly string[];
};

/** SQL of a view: its rows are the spine's, its columns `keep`, then one per feature. `rawColumns`: own columns read. */
export type CompiledView = {
  sql: string;
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

/** The related table of a feature. `not_found` where the source doesn't have it. */
function tableOf(feature: RelatedFeature, source: ViewSource): Relation {
  const table = Object.hasOwn(source.tables, feature.table) ? source.tables[feature.table] : undefined;
  if (table === undefined) {
    const message = `feature ${feature.name} reads ${feature.table}, which isn't in the scope`;
    throw fault("not_found", message, { feature: feature.name, dataset: feature.table });
  }
  return table;
}

/**
 * Compiles typed features into one SQL query over a spine: one join per related table, windows side by side in one pass.
 * Every identifier is looked up in the given schemas (`not_found`), then quoted. Row order is not promised.
 */
export function compileView(view: { features: readonly Feature[] }, source: ViewSource): CompiledView {
  const { features } = view;
  if (features.length === 0) throw fault("invalid_input", "a view without features; give at least one");
  checkNames(features, source);
  const groups = new Map<string, RelatedFeature[]>();
  const values = new Map<string, string>();
  for (const feature of features) {
    if (isOwnRow(feature)) {
      values.set(feature.name, ownRowSql(feature, source.spine, "s"));
      continue;
    }
    const key = groupKey(feature);
    const group = groups.get(key);
    if (group) group.push(feature);
    else groups.set(key, [feature]);
  }
  const compiled = [...groups.values()].map((group, i) =>
    compileGroup(group, source.spine, tableOf(group[0]!, source), i),
  );
  for (const group of compiled) for (const [name, sql] of group.values) values.set(name, sql);
  const kept = (source.keep ?? ["__entity", "__cutoff"]).map((name) => `s.${quoteIdent(name)}`);
  const selected = features.map((f) => `${values.get(f.name)!} AS ${quoteIdent(f.name)}`);
  const ctes = compiled.flatMap((group) => group.ctes);
  const sql = [
    ctes.length === 0 ? "" : `WITH ${ctes.join(",\n")}`,
    `SELECT ${[...kept, ...selected].join(",\n  ")}`,
    `FROM ${quoteIdent(source.spine.relation)} s`,
    ...compiled.map((group) => group.join),
  ];
  const read = new Set(features.filter(isOwnRow).flatMap(ownColumns));
  return {
    sql: sql.filter((line) => line !== "").join("\n"),
    columns: features.map((f) => ({ name: f.name, type: valueType(f) })),
    rawColumns: [...read].map((name) => columnOf(source.spine, name)),
  };
}
