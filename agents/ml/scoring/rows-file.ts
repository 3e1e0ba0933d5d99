import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import type { Column, DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { sqlType } from "./sql-type.ts";

/** A cell of a row to be written; dates and timestamps as ISO 8601. */
export type Cell = string | number | boolean | null;

/** SQL that reads a file of JSON lines by the given columns. */
export const jsonLinesSql = (files: readonly string[], columns: readonly { name: string; sql: string }[]): string =>
  `read_json([${files.map(quoteLiteral).join(", ")}], format = 'newline_delimited', compression = 'uncompressed', columns = {${columns
    .map(({ name, sql }) => `${quoteLiteral(name)}: ${quoteLiteral(sql)}`)
    .join(", ")}})`;

/** What is written: rows as arrays of cells in the order of `columns`, in the order they come. */
export type RowsSnapshot = {
  name: string;
  kind: DatasetManifest["kind"];
  columns: readonly Column[];
  rows: AsyncIterable<readonly Cell[]>;
  time: string | null;
  origin: string;
  now: Date;
};

/** Makes rows the newest version of a dataset; nothing of it stays when the rows end in an error. */
export async function writeRows(lake: Lake, snapshot: RowsSnapshot): Promise<DatasetManifest> {
  const { name, kind, columns, rows, time, origin, now } = snapshot;
  const file = `${lake.scratch()}.jsonl`;
  // Short keys: names of columns may hold anything.
  const keys = columns.map((_, i) => `c${i}`);
  try {
    const out = createWriteStream(file, { flags: "wx", mode: 0o600 });
    const done = finished(out);
    try {
      let row = 0;
      for await (const cells of rows) {
        const line = Object.fromEntries([["n", row++], ...keys.map((key, i) => [key, cells[i] ?? null])]);
        if (!out.write(`${JSON.stringify(line)}\n`)) await Promise.race([once(out, "drain"), done]);
      }
    } finally {
      out.end();
      await done;
    }
    const typed = columns.map(({ type }, i) => ({ name: keys[i]!, sql: sqlType[type] }));
    const select = columns.map((column, i) => `${keys[i]} AS ${quoteIdent(column.name)}`).join(", ");
    const sql = `SELECT ${select} FROM ${jsonLinesSql([file], [{ name: "n", sql: "BIGINT" }, ...typed])} ORDER BY n`;
    return await writeQuery(lake, { name, kind, sql, inputs: [], files: [file], time, origin, now });
  } finally {
    await rm(file, { force: true });
  }
}
