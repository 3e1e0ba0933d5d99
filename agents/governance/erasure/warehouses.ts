import { type Column, type DatasetManifest, DatasetName } from "@muster/shared/domain/dataset.ts";
import { asFault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { type Source, sourceNamed } from "@muster/shared/warehouse/source.ts";
import type { Limits } from "@muster/shared/warehouse/write-query.ts";
import { z } from "zod";

/** What wasn't looked at, and why: a warehouse (`dataset` null), one of its tables, or columns of one. */
export const NotSearched = z.object({ warehouse: DatasetName, dataset: DatasetName.nullable(), why: z.string() });
export type NotSearched = z.infer<typeof NotSearched>;

/** A table of a warehouse that can be looked at, with its columns as they are now. */
export type WarehouseTable = { manifest: DatasetManifest; columns: readonly Column[]; reader: Reader };

/** The warehouses in which datasets stand, each open once, as they are now. */
export type Warehouses = {
  tables: ReadonlyMap<string, WarehouseTable>;
  notSearched: readonly NotSearched[];
  /** Runs work over a table; one that the warehouse refuses is noted, and isn't asked again. Undefined then. */
  looking<T>(dataset: string, work: (table: WarehouseTable) => Promise<T>): Promise<T | undefined>;
  close(): Promise<void>;
};

/** Opens every warehouse that one of these datasets stands in; what can't be opened is noted, never left out in silence. */
export async function openWarehouses(
  lake: Lake,
  manifests: readonly DatasetManifest[],
  limits: Limits,
): Promise<Warehouses> {
  const tables = new Map<string, WarehouseTable>();
  const notSearched: NotSearched[] = [];
  const sources: Source[] = [];
  const readers: Reader[] = [];
  const byWarehouse = Map.groupBy(
    manifests.filter(({ place }) => place),
    ({ place }) => place!.source,
  );
  for (const [warehouse, placed] of byWarehouse) {
    const note = (dataset: string | null, why: string) => void notSearched.push({ warehouse, dataset, why });
    try {
      const source = await sourceNamed(lake, warehouse);
      sources.push(source);
      const { reader, tables: now } = await source.openNow(
        Object.fromEntries(placed.map(({ name, place }) => [name, place!])),
        limits,
      );
      readers.push(reader);
      for (const manifest of placed) {
        const { columns, hidden } = now[manifest.name] ?? { columns: [], hidden: [] };
        if (!now[manifest.name]) note(manifest.name, "the warehouse has no such table any more");
        else if (columns.length > 0) tables.set(manifest.name, { manifest, columns, reader });
        if (hidden.length > 0) note(manifest.name, `the role may not read ${hidden.join(", ")}; grant it SELECT`);
      }
    } catch (error) {
      note(null, asFault(error).message);
    }
  }
  return {
    tables,
    notSearched,
    async looking(dataset, work) {
      const table = tables.get(dataset);
      if (!table) return undefined;
      try {
        return await work(table);
      } catch (error) {
        const { source: warehouse } = table.manifest.place!;
        notSearched.push({ warehouse, dataset, why: asFault(error).message });
        tables.delete(dataset);
        return undefined;
      }
    },
    async close() {
      for (const reader of readers) reader.close();
      for (const source of sources) await source.close();
    },
  };
}

/** What wasn't looked at, in words. */
export const toldNotSearched = ({ warehouse, dataset, why }: NotSearched): string =>
  `not searched: ${dataset ?? `the warehouse ${warehouse}`} (${why})`;
