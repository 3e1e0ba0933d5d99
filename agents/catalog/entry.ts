import { ColumnType, type DatasetManifest, DatasetName, DatasetVersion, pinOf } from "@muster/shared/domain/dataset.ts";
import { Fault } from "@muster/shared/fault.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { z } from "zod";
import type { CatalogDeps } from "./index.ts";
import { statOf } from "./stat.ts";

/** A dataset as the catalog lists it: names, types and counts, never a value. */
export const CatalogEntry = z.object({
  name: DatasetName,
  version: DatasetVersion,
  kind: z.string(),
  rows: z.number().int(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: ColumnType,
      distinct: z.number().int().nullable(),
      unique: z.boolean(),
      nulls: z.number().int(),
      classes: z.number().int().nullable(),
    }),
  ),
  time: z.string().nullable(),
  arrived: z.string().nullable(),
  range: z.object({ from: z.string(), to: z.string() }).nullable(),
});
export type CatalogEntry = z.infer<typeof CatalogEntry>;

const uncounted = ({ name }: { name: string }) => ({ name, distinct: null, unique: false, nulls: 0, classes: null });

/** The entries of dataset versions; a version that was never counted (the swarm's own writing) is counted now, once. */
export async function entries(
  { lake, store, threads }: CatalogDeps,
  manifests: readonly DatasetManifest[],
): Promise<CatalogEntry[]> {
  const pinned = manifests.map((manifest) => ({ manifest, pin: pinOf(manifest.name, manifest.version) }));
  const stats = await store.stats(pinned.map(({ pin }) => pin));
  for (const { manifest, pin } of pinned) {
    if (stats.has(pin)) continue;
    try {
      const stat = await withPins(lake, [pin], { threads }, (reader) => statOf(reader, manifest));
      await store.saveStat(null, pin, stat);
      stats.set(pin, stat);
    } catch (error) {
      // A table that changed or can't be reached in its warehouse is listed without its counts.
      if (!manifest.place || !(error instanceof Fault)) throw error;
      stats.set(pin, { columns: manifest.columns.map(uncounted), range: null });
    }
  }
  return pinned.map(({ manifest, pin }) => {
    const { columns, range } = stats.get(pin)!;
    const { name, version, kind, rows, time, arrived } = manifest;
    return {
      name,
      version,
      kind,
      rows,
      time,
      arrived,
      range,
      columns: manifest.columns.map((column, i) => ({ type: column.type, ...columns[i]! })),
    };
  });
}
