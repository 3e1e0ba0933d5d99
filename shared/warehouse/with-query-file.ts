import { rm } from "node:fs/promises";
import type { DatasetPin } from "../domain/dataset.ts";
import { quoteLiteral } from "./duckdb.ts";
import type { Lake } from "./lake.ts";
import { type Limits, openPins } from "./open-pins.ts";
import { copyOfWarehouse } from "./write-query.ts";

/**
 * Runs work over a Parquet file that holds a compiled query's rows, and takes the file away again: for columns that are
 * looked at once, by whom typed arrays serve better than rows. The file is no dataset version; nobody else sees it.
 */
export async function withQueryFile<T>(
  lake: Lake,
  query: { inputs: readonly DatasetPin[]; sql: string; limits: Limits },
  work: (file: string) => Promise<T>,
): Promise<T> {
  const file = lake.scratch();
  const copy = await copyOfWarehouse(lake, query);
  try {
    const engine = await openPins(lake, copy ? [] : query.inputs, query.limits, [file, ...(copy ? [copy.file] : [])]);
    try {
      const from = copy ? `SELECT * FROM ${copy.from}` : query.sql;
      await engine.run(`COPY (${from}) TO ${quoteLiteral(file)} (FORMAT parquet)`);
    } finally {
      engine.close();
    }
    return await work(file);
  } finally {
    await rm(file, { force: true });
    if (copy) await rm(copy.file, { force: true });
  }
}
