import type { Column, ColumnType } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import type { OwnRowFeature } from "./kinds.ts";
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
import { patternSql } from "./text-pattern.ts";

/** SQL for the value of a column of type `column.type`: text as it is, numbers and booleans as doubles. */
export function plainSql(alias: string, column: Column, name: string): string {
  if (column.type === "text") return qualified(alias, column.name);
  if (NUMERIC.includes(column.type)) return numberSql(alias, column);
  throw fault("invalid_input", `feature ${name} reads a date as it is; use a part of it or its age`, { feature: name });
}

/** A column of whole numbers may become one of fractions in the next version; text and dates may not change. */
export const alike = (type: ColumnType): readonly ColumnType[] => (NUMERIC.includes(type) ? NUMERIC : [type]);

const PARTS = {
  year: "year",
  month: "month",
  day: "day",
  weekday: "isodow",
  hour: "hour",
  quarter: "quarter",
} as const;

/**
 * SQL for an own-row feature over a spine called `alias`; the same value as `evaluateRow`.
 * `not_found` for a column that the spine doesn't have, `invalid_input` for one of the wrong type.
 */
export function ownRowSql(feature: OwnRowFeature, spine: Relation, alias: string): string {
  const value = valueSql(feature, spine, alias);
  if (feature.filledBy === undefined) return value;
  const date = typedColumn(spine, feature.filledBy, TEMPORAL, `the date that fills in feature ${feature.name}`);
  const unfilled = feature.kind === "is_missing" ? "1.0" : "NULL";
  return `CASE WHEN ${laterSql(alias, date.name, `${alias}.__cutoff`)} THEN ${unfilled} ELSE ${value} END`;
}

/** Columns whose text is the same here and at serving; fractions are written differently by each engine. */
const CROSSED: readonly ColumnType[] = ["text", "boolean", "integer"];

/** One part of a cross, so written that the parts can be told apart. */
const partSql = (alias: string, name: string): string =>
  `replace(replace(CAST(${qualified(alias, name)} AS VARCHAR), '\\', '\\\\'), '|', '\\|')`;

function binSql(value: string, edges: readonly number[]): string {
  const below = edges.map((edge, i) => `WHEN ${value} < CAST('${edge}' AS DOUBLE PRECISION) THEN ${i}.0`);
  return `CAST(CASE WHEN ${value} IS NULL THEN NULL ${below.join(" ")} ELSE ${edges.length}.0 END AS DOUBLE PRECISION)`;
}

function valueSql(feature: OwnRowFeature, spine: Relation, alias: string): string {
  const number = (name: string) => numberSql(alias, typedColumn(spine, name, NUMERIC, `feature ${feature.name}`));
  const micros = (name: string) => {
    typedColumn(spine, name, TEMPORAL, `feature ${feature.name}`);
    return microsSql(alias, name);
  };
  const text = (name: string) => {
    typedColumn(spine, name, ["text"], `feature ${feature.name}`);
    return qualified(alias, name);
  };
  switch (feature.kind) {
    case "column":
      return plainSql(
        alias,
        typedColumn(spine, feature.column, alike(feature.type), `feature ${feature.name}`),
        feature.name,
      );
    case "date_part":
      micros(feature.column);
      return `CAST(${PARTS[feature.part]}(CAST(${qualified(alias, feature.column)} AS TIMESTAMP)) AS DOUBLE)`;
    case "age_days":
      return daysSql(feature.at === null ? `epoch_us(${alias}.__cutoff)` : micros(feature.at), micros(feature.column));
    case "ratio":
      return finiteSql(`(${number(feature.numerator)} / NULLIF(${number(feature.denominator)}, 0))`);
    case "difference":
      return finiteSql(`(${number(feature.left)} - ${number(feature.right)})`);
    case "log": {
      const value = number(feature.column);
      return `CASE WHEN ${value} >= 0 THEN ln(1 + ${value}) END`;
    }
    case "text_length":
      return `CAST(length(${text(feature.column)}) AS DOUBLE)`;
    case "text_words":
      // RE2's class counts the same bytes as the evaluator's: ASCII white space only.
      return `CAST(len(regexp_extract_all(${text(feature.column)}, '[^\\t\\n\\f\\r ]+')) AS DOUBLE)`;
    case "text_pattern":
      return patternSql(text(feature.column), feature.pattern);
    case "bin":
      return binSql(number(feature.column), feature.edges);
    case "cross":
      return feature.columns
        .map((name) => partSql(alias, typedColumn(spine, name, CROSSED, `feature ${feature.name}`).name))
        .join(" || '|' || ");
    case "is_missing": {
      const column = columnOf(spine, feature.column);
      if (column.type === "text") return `CAST(${qualified(alias, column.name)} IS NULL AS DOUBLE)`;
      const value = TEMPORAL.includes(column.type) ? microsSql(alias, column.name) : numberSql(alias, column);
      return `CAST((${value}) IS NULL AS DOUBLE)`;
    }
  }
}
