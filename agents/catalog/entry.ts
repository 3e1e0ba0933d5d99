import { ColumnType, type DatasetManifest, DatasetName, DatasetVersion, pinOf } from "@muster/shared/domain/dataset.ts";
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

/** The entries of dataset versions; a version that was never counted (the swarm's own writing) is counted now, once. */
export async function entries(
  { lake, store, threads }: CatalogDeps,
  manifests: readonly DatasetManifest[],
): Promise<CatalogEntry[]> {
  const pinned = manifests.map((manifest) => ({ manifest, pin: pinOf(manifest.name, manifest.version) }));
  const stats = await store.stats(pinned.map(({ pin }) => pin));
  for (const { manifest, pin } of pinned) {
    if (stats.has(pin)) continue;
    const stat = await withPins(lake, [pin], { threads }, (engine) => statOf(engine, manifest));
    await store.saveStat(null, pin, stat);
    stats.set(pin, stat);
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
