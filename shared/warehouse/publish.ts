import { chmod, link, mkdir, open, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Column, DatasetManifest, DatasetName, type DatasetPlace, pinOf } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import { asDiskFault, syncFolder, writeAtomically } from "./atomic.ts";
import { datasetVersion } from "./digest.ts";
import { openEngine } from "./duckdb.ts";
import type { Lake } from "./lake.ts";
import { unbury } from "./tombstone.ts";

/** A Parquet file in storage types that is to become a dataset version. */
export type Snapshot = {
  name: string;
  kind: DatasetManifest["kind"];
  columns: Column[];
  time: string | null;
  arrived: string | null;
  declared: DatasetManifest["declared"];
  /** Where it came from, in words: a file name, `labels of <problem>`. */
  origin: string;
  notes?: string[];
  /** A path from `lake.scratch()`. It is gone afterwards, whatever the outcome. */
  parquet: string;
  now: Date;
  memoryMb?: number;
  threads?: number;
};

async function keep(scratch: string, final: string): Promise<void> {
  const handle = await open(scratch, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await chmod(scratch, 0o444);
  try {
    // Not rename: a link never replaces a snapshot that another process put there in the meantime.
    await link(scratch, final);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw asDiskFault(error);
  }
  await syncFolder(dirname(final));
}

/** What a table that stays in a warehouse is at a moment, and where it stands. */
export type Placed = Pick<
  DatasetManifest,
  "name" | "version" | "rows" | "bytes" | "columns" | "time" | "arrived" | "declared"
> & {
  place: DatasetPlace;
  now: Date;
};

/**
 * Makes a table that stays in a warehouse the newest version of a dataset and gives its manifest: no row is copied. The same
 * content is the same version. `conflict` where the name belongs to another table or to the lake.
 */
export async function publishPlaced(lake: Lake, { now, ...placed }: Placed): Promise<DatasetManifest> {
  const { version, place } = placed;
  const name = DatasetName.parse(placed.name);
  const before = await lake.newest(name);
  if (before?.version === version) return before;
  if (before && !samePlace(before.place, place))
    throw fault("conflict", `${name} is already another dataset; connect the warehouse under another name`);
  const pin = pinOf(name, version);
  const known = (await lake.everyVersion(name)).includes(pin);
  if (!known) {
    const at = now.toISOString();
    const origin = `${place.source}: ${place.schema}.${place.table}`;
    const previous = before?.version ?? null;
    const manifest = DatasetManifest.parse({ ...placed, name, kind: "source", origin, writtenAt: at, previous });
    await mkdir(dirname(lake.file(pin)), { recursive: true });
    await writeAtomically(join(dirname(lake.file(pin)), `${version}.json`), JSON.stringify(manifest), 0o444);
  }
  await lake.setNewest(name, version, now.toISOString());
  return lake.manifest(pin);
}

const samePlace = (a: DatasetPlace | undefined, b: DatasetPlace): boolean =>
  a?.source === b.source && a.schema === b.schema && a.table === b.table;

/**
 * Makes a Parquet file the newest version of a dataset and gives its manifest. The same content is the same version: no
 * second file is kept, and its first manifest is given back. A crash leaves either the old newest version or the new one.
 * `conflict` where the name belongs to a dataset of another kind, or the content was erased.
 */
export async function publish(lake: Lake, snapshot: Snapshot): Promise<DatasetManifest> {
  try {
    const { kind, columns, time, arrived, declared, origin, notes = [], parquet, now } = snapshot;
    const name = DatasetName.parse(snapshot.name);
    const before = await lake.newest(name);
    if (before?.place)
      throw fault("conflict", `${name} stands in the warehouse ${before.place.source}; choose another name`);
    if (before && before.kind !== kind) {
      throw fault("conflict", `${name} is already a dataset of kind ${before.kind}; choose another name`);
    }
    const { memoryMb = 2048, threads = 2 } = snapshot;
    const engine = await openEngine({ files: [parquet], memoryMb, threads, timeLimitMs: 600_000 });
    let content: { version: string; rows: number };
    try {
      content = await datasetVersion(engine, parquet, { columns, time, arrived });
    } finally {
      engine.close();
    }
    const { version, rows } = content;
    const pin = pinOf(name, version);
    if (before?.version === version) return before;

    await unbury(lake, pin);
    const final = lake.file(pin);
    await mkdir(dirname(final), { recursive: true });
    await keep(parquet, final);
    const known = (await lake.everyVersion(name)).includes(pin);
    if (!known) {
      const writtenAt = now.toISOString();
      const { size: bytes } = await stat(final);
      const previous = before?.version ?? null;
      const described = { rows, bytes, columns, time, arrived, declared, origin, writtenAt, previous, notes };
      const manifest = DatasetManifest.parse({ name, version, kind, ...described });
      await writeAtomically(join(dirname(final), `${version}.json`), JSON.stringify(manifest), 0o444);
    }
    await lake.setNewest(name, version, now.toISOString());
    return await lake.manifest(pin);
  } finally {
    await rm(snapshot.parquet, { force: true });
  }
}
