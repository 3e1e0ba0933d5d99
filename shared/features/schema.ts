import type { Column, ColumnType } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent } from "../warehouse/quote.ts";

/**
 * A relation that SQL can name, and its columns. `beside`: columns that may be carried along by name and are no part of a
 * row's content, so that a row keeps its name whether they are there or not.
 */
export type Relation = { relation: string; columns: readonly Column[]; beside?: readonly Column[] };

/** Columns that every spine and matrix has; no data column may be called so. */
export const reservedColumns = ["__row", "__entity", "__cutoff", "__label", "__known_at", "__split"] as const;

/** The column of a relation by its exact name. `not_found` names the relation and the column. */
export function columnOf(table: Relation, name: string): Column {
  const column = [...table.columns, ...(table.beside ?? [])].find((c) => c.name === name);
  if (column === undefined) {
    throw fault("not_found", `${table.relation} has no column ${name}; name one of its columns`, { column: name });
  }
  return column;
}

/** A column that must have one of the types. `invalid_input` says which it has. */
export function typedColumn(table: Relation, name: string, types: readonly ColumnType[], what: string): Column {
  const column = columnOf(table, name);
  if (!types.includes(column.type)) {
    const message = `${what} needs a ${types.join(" or ")} column; ${table.relation}.${name} is ${column.type}`;
    throw fault("invalid_input", message, { column: name, type: column.type });
  }
  return column;
}

export const NUMERIC: readonly ColumnType[] = ["boolean", "integer", "number"];
export const TEMPORAL: readonly ColumnType[] = ["date", "timestamp"];

/** A column as `"alias"."name"`. */
export const qualified = (alias: string, name: string): string => `${alias}.${quoteIdent(name)}`;

/** SQL for a numeric column as a finite double: booleans 0/1, NaN and infinities missing. */
export function numberSql(dialect: Dialect, alias: string, column: Column): string {
  const name = qualified(alias, column.name);
  if (column.type === "boolean") return doubleSql(`CASE WHEN ${name} THEN 1 WHEN NOT ${name} THEN 0 END`);
  return column.type === "number" ? dialect.finite(doubleSql(name)) : doubleSql(name);
}

/** SQL for a value as a double. */
export const doubleSql = (value: string): string => `CAST(${value} AS DOUBLE PRECISION)`;

/** SQL for a date or timestamp column as microseconds since 1970 UTC. */
export const microsSql = (dialect: Dialect, alias: string, name: string): string =>
  dialect.micros(qualified(alias, name));

/** SQL for whether a date lies after the cutoff; null, like "no", where either is missing. */
export const laterSql = (alias: string, name: string, cutoff: string): string =>
  `CAST(${qualified(alias, name)} AS TIMESTAMP) > ${cutoff}`;

/** SQL for the days between two expressions in microseconds. */
export const daysSql = (later: string, earlier: string): string =>
  `${doubleSql(`(${later}) - (${earlier})`)} / 86400000000.0`;
