import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import type { KeyColumn } from "./columns.ts";

/** Hashes that a sketch keeps. */
const kept = 256;

/** The smallest hashes of a column's distinct values (KMV, Bar-Yossef et al. 2002), ascending; `whole`: of all of them. */
export type Sketch = { hashes: string[]; whole: boolean };

/** Sketches a column in one scan. Only hashes leave the engine. */
export async function sketchOf(reader: Reader, { table, column }: KeyColumn): Promise<Sketch> {
  const value = quoteIdent(column.name);
  const rows = await reader.query<{ h: string }>(
    `SELECT DISTINCT md5(${reader.dialect.text(value, column.type)}) AS h FROM ${quoteIdent(table)} WHERE ${value} IS NOT NULL ORDER BY h LIMIT ${kept}`,
  );
  const hashes = rows.map(({ h }) => h);
  return { hashes, whole: hashes.length < kept };
}

/**
 * The share of the left column's distinct values that stand in the right one, by their sketches, and how many of them it was
 * counted on: those below the right sketch's last hash, which would be in it if they were there.
 */
export function containment(left: Sketch, right: Sketch): { share: number; of: number } {
  const last = right.whole ? null : right.hashes.at(-1)!;
  const seen = new Set(right.hashes);
  const comparable = last === null ? left.hashes : left.hashes.filter((hash) => hash <= last);
  const found = comparable.filter((hash) => seen.has(hash)).length;
  return { share: comparable.length === 0 ? 0 : found / comparable.length, of: comparable.length };
}
