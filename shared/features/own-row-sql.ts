import type { Column, ColumnType } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import type { OwnRowFeature } from "./kinds.ts";
import {
  columnOf,
  daysSql,
  doubleSql,
  laterSql,
  microsSql,
  NUMERIC,
  numberSql,
  qualified,
  type Relation,
  TEMPORAL,
  typedColumn,
} from "./schema.ts";
import { patternSql } from "./text-pattern.ts";

/** SQL for the value of a column of type `column.type`: text as it is, numbers and booleans as doubles. */
export function plainSql(dialect: Dialect, alias: string, column: Column, name: string): string {
  if (column.type === "text") return qualified(alias, column.name);
  if (NUMERIC.includes(column.type)) return numberSql(dialect, alias, column);
  throw fault("invalid_input", `feature ${name} reads a date as it is; use a part of it or its age`, { feature: name });
}

/** A column of whole numbers may become one of fractions in the next version; text and dates may not change. */
export const alike = (type: ColumnType): readonly ColumnType[] => (NUMERIC.includes(type) ? NUMERIC : [type]);

/**
 * SQL for an own-row feature over a spine called `alias`; the same value as `evaluateRow`.
 * `not_found` for a column that the spine doesn't have, `invalid_input` for one of the wrong type.
 */
export function ownRowSql(dialect: Dialect, feature: OwnRowFeature, spine: Relation, alias: string): string {
  const value = valueSql(dialect, feature, spine, alias);
  if (feature.filledBy === undefined) return value;
  const date = typedColumn(spine, feature.filledBy, TEMPORAL, `the date that fills in feature ${feature.name}`);
  const unfilled = feature.kind === "is_missing" ? "1.0" : "NULL";
  return `CASE WHEN ${laterSql(alias, date.name, `${alias}.__cutoff`)} THEN ${unfilled} ELSE ${value} END`;
}

/** Columns whose text is the same here and at serving; fractions are written differently by each engine. */
const CROSSED: readonly ColumnType[] = ["text", "boolean", "integer"];

/** One part of a cross, so written that the parts can be told apart. */
const partSql = (dialect: Dialect, alias: string, { name, type }: Column): string =>
  `replace(replace(${dialect.text(qualified(alias, name), type)}, '\\', '\\\\'), '|', '\\|')`;

function binSql(value: string, edges: readonly number[]): string {
  const below = edges.map((edge, i) => `WHEN ${value} < CAST('${edge}' AS DOUBLE PRECISION) THEN ${i}.0`);
  return `CAST(CASE WHEN ${value} IS NULL THEN NULL ${below.join(" ")} ELSE ${edges.length}.0 END AS DOUBLE PRECISION)`;
}

function valueSql(dialect: Dialect, feature: OwnRowFeature, spine: Relation, alias: string): string {
  const number = (name: string) =>
    numberSql(dialect, alias, typedColumn(spine, name, NUMERIC, `feature ${feature.name}`));
  const micros = (name: string) => {
    typedColumn(spine, name, TEMPORAL, `feature ${feature.name}`);
    return microsSql(dialect, alias, name);
  };
  const text = (name: string) => {
    typedColumn(spine, name, ["text"], `feature ${feature.name}`);
    return qualified(alias, name);
  };
  switch (feature.kind) {
    case "column":
      return plainSql(
        dialect,
        alias,
        typedColumn(spine, feature.column, alike(feature.type), `feature ${feature.name}`),
        feature.name,
      );
    case "date_part":
      micros(feature.column);
      return dialect.part(feature.part, qualified(alias, feature.column));
    case "age_days":
      return daysSql(
        feature.at === null ? dialect.micros(`${alias}.__cutoff`) : micros(feature.at),
        micros(feature.column),
      );
    case "ratio":
      return dialect.divide(`(${number(feature.numerator)})`, `(${number(feature.denominator)})`);
    case "difference":
      return dialect.subtract(`(${number(feature.left)})`, `(${number(feature.right)})`);
    case "log": {
      const value = number(feature.column);
      return `CASE WHEN ${value} >= 0 THEN ln(1 + ${value}) END`;
    }
    case "text_length":
      return dialect.length(text(feature.column));
    case "text_words":
      // White space is ASCII's alone, here and in the evaluator.
      return doubleSql(dialect.words(text(feature.column)));
    case "text_pattern":
      return patternSql(text(feature.column), feature.pattern);
    case "bin":
      return binSql(number(feature.column), feature.edges);
    case "cross":
      return feature.columns
        .map((name) => partSql(dialect, alias, typedColumn(spine, name, CROSSED, `feature ${feature.name}`)))
        .join(" || '|' || ");
    case "is_missing": {
      const column = columnOf(spine, feature.column);
      const missing = (value: string) => `CASE WHEN (${value}) IS NULL THEN 1.0 ELSE 0.0 END`;
      if (column.type === "text") return missing(qualified(alias, column.name));
      const temporal = TEMPORAL.includes(column.type);
      return missing(temporal ? microsSql(dialect, alias, column.name) : numberSql(dialect, alias, column));
    }
  }
}
