import { createWriteStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { jsonLinesSql } from "../scoring/rows-file.ts";

/** A column of numbers to be written; `sql` is the engine's type. */
export type NumberColumn = { name: string; sql: "BIGINT" | "INTEGER" | "DOUBLE"; values: ArrayLike<number> };

/** Writes numbers, column by column, as JSON lines under the names c0, c1, …; gives the SQL that reads them back. */
export async function writeLines(file: string, columns: readonly NumberColumn[]): Promise<string> {
  const rows = columns[0]?.values.length ?? 0;
  const text = function* () {
    for (let row = 0; row < rows; row++) {
      const line = Object.fromEntries(columns.map(({ values }, i) => [`c${i}`, values[row]]));
      yield `${JSON.stringify(line)}\n`;
    }
  };
  await pipeline(text, createWriteStream(file, { flags: "wx", mode: 0o600 }));
  const typed = columns.map(({ sql }, i) => ({ name: `c${i}`, sql }));
  const select = columns.map(({ name }, i) => `c${i} AS ${quoteIdent(name)}`).join(", ");
  return `SELECT ${select} FROM ${jsonLinesSql([file], typed)}`;
}

/** The bytes of a Parquet file of numbers, in the given order of rows. */
export async function parquetOf(lake: Lake, columns: readonly NumberColumn[]): Promise<Uint8Array> {
  const [lines, parquet] = [`${lake.scratch()}.jsonl`, lake.scratch()];
  const engine = await openEngine({ files: [lines, parquet], memoryMb: 1024, threads: 1 });
  try {
    const sql = await writeLines(lines, columns);
    await engine.run(`COPY (${sql}) TO ${quoteLiteral(parquet)} (FORMAT parquet, COMPRESSION zstd)`);
    return await readFile(parquet);
  } finally {
    engine.close();
    await Promise.all([lines, parquet].map((file) => rm(file, { force: true })));
  }
}

/** Answers as columns: `probability_0` … of classes in their order, or `value`. */
export function answerColumns(task: string, prediction: readonly ArrayLike<number>[]): NumberColumn[] {
  const named = (k: number) => (task === "regression" ? "value" : `probability_${k}`);
  return prediction.map((values, k) => ({ name: named(k), sql: "DOUBLE", values }));
}
