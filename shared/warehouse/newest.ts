import { type DatasetManifest, type DatasetPin, type DatasetRef, parseDatasetRef, pinOf } from "../domain/dataset.ts";
import { Fault } from "../fault.ts";
import type { Lake } from "./lake.ts";
import { publishPlaced } from "./publish.ts";
import { withSource } from "./source.ts";

/**
 * The manifest of a dataset as it is now: for a table that stays in a warehouse its version is computed anew there, and a
 * changed one becomes the newest. Cost: for such a table one scan of it. `unavailable` where the warehouse can't be reached,
 * `not_found` where it has no such table any more.
 */
export async function asOfNow(lake: Lake, manifest: DatasetManifest, now: Date): Promise<DatasetManifest> {
  const { name, place } = manifest;
  if (!place) return manifest;
  return withSource(lake, place.source, async (source) => {
    const { columns, ...content } = await source.version(place.schema, place.table);
    const types = Object.fromEntries(columns.map((column) => [column.name, column.sourceType]));
    const stored = columns.map((column) => ({ name: column.name, type: column.type }));
    return publishPlaced(lake, { ...content, name, columns: stored, place: { ...place, types }, now });
  });
}

/**
 * A name to the pin of its newest version, a pin to itself. Where a warehouse can't be reached, the version last seen: whoever
 * reads its rows is told then.
 */
export async function newestPin(lake: Lake, ref: DatasetRef, now: Date): Promise<DatasetPin> {
  const pin = await lake.resolve(ref);
  if (parseDatasetRef(ref).version !== null) return pin;
  const manifest = await lake.manifest(pin);
  try {
    const { name, version } = await asOfNow(lake, manifest, now);
    return pinOf(name, version);
  } catch (error) {
    if (error instanceof Fault && error.code === "unavailable") return pin;
    throw error;
  }
}
