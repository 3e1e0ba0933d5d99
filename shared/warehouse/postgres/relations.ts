import type { Column, ColumnType } from "../../domain/dataset.ts";
import { quoteIdent } from "../quote.ts";

/** A table or view of a warehouse, and how each of its columns reads in storage types. */
export type WarehouseTable = {
  schema: string;
  table: string;
  columns: readonly (Column & { sourceType: string })[];
};

const INTEGERS = new Set(["int2", "int4", "int8", "oid"]);
const NUMBERS = new Set(["float4", "float8", "numeric", "money"]);
const TIMESTAMPS = new Set(["timestamp", "timestamptz"]);

/** The storage type of a PostgreSQL type by its internal name (`int4`, `timestamptz`). What has no other is kept as text. */
export function storageTypeOf(sourceType: string): ColumnType {
  if (sourceType === "bool") return "boolean";
  if (INTEGERS.has(sourceType)) return "integer";
  if (NUMBERS.has(sourceType)) return "number";
  if (sourceType === "date") return "date";
  return TIMESTAMPS.has(sourceType) ? "timestamp" : "text";
}

/**
 * The expression that reads a column in its storage type: what isn't finite is missing, decimals beyond a double too, times
 * in UTC, text compared byte by byte (the server's own collation would sort and join otherwise than the lake does).
 */
export function storageExpressionOf({ name, sourceType }: { name: string; sourceType: string }): string {
  const c = quoteIdent(name);
  switch (storageTypeOf(sourceType)) {
    case "boolean":
      return c;
    case "integer":
      return sourceType === "int8" ? c : `CAST(${c} AS BIGINT)`;
    case "number":
      return numberExpression(c, sourceType);
    case "date":
      return inReach(c, c);
    case "timestamp":
      return inReach(c, sourceType === "timestamptz" ? `${c} AT TIME ZONE 'UTC'` : c);
    default:
      return `CAST(${c} AS text) COLLATE "C"`;
  }
}

/** Dates of the years 1 to 9999: what ISO 8601 writes in ten characters. Infinite ones are missing. */
const inReach = (c: string, value: string) =>
  `CASE WHEN ${c} >= '0001-01-02' AND ${c} < '9999-12-31' THEN ${value} END`;

function numberExpression(c: string, sourceType: string): string {
  if (sourceType === "float4" || sourceType === "float8") {
    const value = sourceType === "float8" ? c : `CAST(${c} AS DOUBLE PRECISION)`;
    return `CASE WHEN ${c} < 'Infinity' AND ${c} > '-Infinity' THEN ${value} END`;
  }
  const value = sourceType === "money" ? `CAST(${c} AS numeric)` : c;
  return `CASE WHEN abs(${value}) < 1.79e308 THEN CASE WHEN abs(${value}) < 2.3e-308 THEN 0 ELSE CAST(${value} AS DOUBLE PRECISION) END END`;
}

/** A table as a common table expression of that name: not materialized, so that the planner reads through it. */
export function relationSql(name: string, { schema, table, columns }: WarehouseTable): string {
  const list = columns.map((column) => `${storageExpressionOf(column)} AS ${quoteIdent(column.name)}`);
  return `${quoteIdent(name)} AS NOT MATERIALIZED (SELECT ${list.join(", ")} FROM ${quoteIdent(schema)}.${quoteIdent(table)})`;
}

/** A query with the relations that it names put before it. */
export function withRelations(sql: string, relations: Readonly<Record<string, WarehouseTable>>): string {
  const named = Object.entries(relations).filter(([name]) => sql.includes(name));
  if (named.length === 0) return sql;
  const before = named.map(([name, table]) => relationSql(name, table)).join(",\n");
  const own = /^\s*WITH\s+(RECURSIVE\s+)?/i.exec(sql);
  if (!own) return `WITH ${before}\n${sql}`;
  return `WITH ${own[1] ? "RECURSIVE " : ""}${before},\n${sql.slice(own[0].length)}`;
}
