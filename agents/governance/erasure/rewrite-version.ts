import { rm } from "node:fs/promises";
import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { publish } from "@muster/shared/warehouse/publish.ts";
import type { Limits } from "@muster/shared/warehouse/write-query.ts";
import { type Marks, openMarked } from "./marked-rows.ts";

/** How a version is written anew: `blank` names the columns whose cells are emptied in the person's rows; null: the rows go. */
export type Rewriting = { lake: Lake; limits: Limits; now: Date; blank: readonly string[] | null };

/**
 * Writes a version anew without a person: their rows left out (or emptied), texts that mention them emptied, everything
 * else as it was, in the same order. It becomes the newest of its dataset; gives its pin. Content that is the same already
 * is the same version.
 */
export async function rewriteVersion(
  { lake, limits, now, blank }: Rewriting,
  pin: DatasetPin,
  marks: Marks,
): Promise<DatasetPin> {
  const manifest = await lake.manifest(pin);
  const parquet = lake.scratch();
  const { engine, any, mentions } = await openMarked(lake, pin, marks, limits, [parquet]);
  try {
    const select = manifest.columns.map(({ name }) => {
      const c = quoteIdent(name);
      // Readers page by row numbers, which have no gaps.
      if (name === "__row" && blank === null) return `row_number() OVER (ORDER BY ${c}) - 1 AS ${c}`;
      const empty = [...(blank?.includes(name) ? [any] : []), ...(mentions.has(name) ? [mentions.get(name)!] : [])];
      return empty.length === 0 ? c : `CASE WHEN ${empty.join(" OR ")} THEN NULL ELSE ${c} END AS ${c}`;
    });
    const kept = blank === null ? `WHERE NOT ${any}` : "";
    const order = manifest.columns.some(({ name }) => name === "__row") ? `ORDER BY ${quoteIdent("__row")}` : "";
    await engine.run(
      `COPY (SELECT ${select.join(", ")} FROM it ${kept} ${order}) TO ${quoteLiteral(parquet)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const { name, kind, columns, time, arrived, declared, origin, notes } = manifest;
    const { memoryMb, threads } = limits;
    const written = await publish(lake, {
      ...{ name, kind, columns, time, arrived, declared, origin, notes, parquet, now, memoryMb, threads },
    });
    return pinOf(written.name, written.version);
  } finally {
    engine.close();
    await rm(parquet, { force: true });
  }
}
