import type { Column, ColumnType } from "../domain/dataset.ts";
import { type Engine, openEngine } from "../warehouse/duckdb.ts";
import { quoteIdent, quoteLiteral } from "../warehouse/quote.ts";

const SQL_TYPE: Record<ColumnType, string> = {
  boolean: "BOOLEAN",
  integer: "BIGINT",
  number: "DOUBLE",
  text: "VARCHAR",
  date: "DATE",
  timestamp: "TIMESTAMP",
};

/** A table for tests: `"id integer, day date"`-like columns and rows of literals. */
export type TestTable = { columns: Column[]; rows: (string | number | boolean | null)[][] };

/** Opens an engine without files; close it. */
export const testEngine = (threads = 2): Promise<Engine> => openEngine({ files: [], memoryMb: 1024, threads });

/** Columns from `name:type` texts. */
export const columns = (...texts: string[]): Column[] =>
  texts.map((text) => {
    const at = text.lastIndexOf(":");
    return { name: text.slice(0, at), type: text.slice(at + 1) as ColumnType };
  });

function literal(value: string | number | boolean | null): string {
  if (value === null) return "NULL";
  if (typeof value === "number" && !Number.isFinite(value)) return `CAST('${value}' AS DOUBLE PRECISION)`;
  return typeof value === "string" ? quoteLiteral(value) : String(value);
}

/** Creates a table with rows; reserved spine columns are text (`__entity`) and timestamp (`__cutoff`). */
export async function createTable(engine: Engine, name: string, table: TestTable): Promise<void> {
  const types = table.columns.map((c) => `${quoteIdent(c.name)} ${SQL_TYPE[c.type]}`).join(", ");
  await engine.run(`CREATE TABLE ${quoteIdent(name)} (${types})`);
  for (let i = 0; i < table.rows.length; i += 2000) {
    const rows = table.rows.slice(i, i + 2000).map((row) => `(${row.map(literal).join(", ")})`);
    await engine.run(`INSERT INTO ${quoteIdent(name)} VALUES ${rows.join(", ")}`);
  }
}
