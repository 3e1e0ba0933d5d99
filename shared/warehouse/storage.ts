import type { Column, ColumnType } from "../domain/dataset.ts";
import type { Engine } from "./duckdb.ts";
import { quoteIdent } from "./quote.ts";

const INTEGERS = /^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER)$/;
const WIDE_INTEGERS = /^(UBIGINT|HUGEINT|UHUGEINT)$/;
const NUMBERS = /^(FLOAT|DOUBLE|DECIMAL.*)$/;
const TIMESTAMPS = /^TIMESTAMP(_S|_MS|_NS)?$/;

/** The storage type of a DuckDB type. Times of day, binary and nested values are kept as text. */
export function storageType(duckType: string): ColumnType {
  if (duckType === "BOOLEAN") return "boolean";
  if (INTEGERS.test(duckType) || WIDE_INTEGERS.test(duckType)) return "integer";
  if (NUMBERS.test(duckType)) return "number";
  if (duckType === "DATE") return "date";
  if (TIMESTAMPS.test(duckType) || duckType === "TIMESTAMP WITH TIME ZONE") return "timestamp";
  return "text";
}

/** The expression that stores a column of a DuckDB type: int64, float64 (NaN and infinities as missing), UTC microseconds, text. */
export function storageExpression(name: string, duckType: string): string {
  const c = quoteIdent(name);
  switch (storageType(duckType)) {
    case "boolean":
    case "date":
      return c;
    case "integer":
      return `${c}::BIGINT`;
    case "number":
      return `CASE WHEN isfinite(${c}::DOUBLE) THEN ${c}::DOUBLE END`;
    case "timestamp":
      return duckType === "TIMESTAMP WITH TIME ZONE" ? `(${c} AT TIME ZONE 'UTC')::TIMESTAMP` : `${c}::TIMESTAMP`;
    default:
      return `${c}::VARCHAR`;
  }
}

/** A query's columns in storage types, and the query that gives them so. */
export type Stored = { columns: Column[]; duckTypes: string[]; sql: string };

/** Wraps a query so that every column has its storage type. Row order is the inner query's. */
export async function asStored(engine: Engine, sql: string): Promise<Stored> {
  const described = await engine.query<{ column_name: string; column_type: string }>(`DESCRIBE ${sql}`);
  const columns = described.map((d) => ({ name: d.column_name, type: storageType(d.column_type) }));
  const list = described.map(
    (d) => `${storageExpression(d.column_name, d.column_type)} AS ${quoteIdent(d.column_name)}`,
  );
  return {
    columns,
    duckTypes: described.map((d) => d.column_type),
    sql: `SELECT ${list.join(", ")} FROM (${sql})`,
  };
}
