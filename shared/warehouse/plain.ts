import {
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from "@duckdb/node-api";

/** A value of a result as plain data: what JSON can hold. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

const MS_PER_DAY = 86_400_000;

function integer(value: bigint): Plain {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/**
 * Turns a DuckDB value into plain data: integers to numbers (beyond 2^53 to their digits as text), dates to `YYYY-MM-DD`,
 * timestamps to ISO 8601 UTC with milliseconds, NaN and infinities to null, lists and structs recursively, anything else
 * to its text.
 */
export function plain(value: DuckDBValue): Plain {
  if (value === null) return null;
  if (typeof value === "bigint") return integer(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof DuckDBDateValue) return new Date(value.days * MS_PER_DAY).toISOString().slice(0, 10);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    return new Date(Math.floor(Number(value.micros) / 1000)).toISOString();
  }
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  if (value instanceof DuckDBListValue) return value.items.map(plain);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([key, item]) => [key, plain(item)]));
  }
  return String(value);
}
