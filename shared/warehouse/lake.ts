import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  DatasetManifest,
  DatasetName,
  DatasetPin,
  type DatasetRef,
  DatasetVersion,
  parseDatasetRef,
  pinOf,
} from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import { writeAtomically } from "./atomic.ts";
import { goneFault, tombstoneOf } from "./tombstone.ts";

/** `manifest.json` of a dataset: which version is the newest, and every version that ever was, oldest first. */
const Newest = z.object({
  newest: DatasetVersion,
  versions: z.array(z.object({ version: DatasetVersion, at: z.string() })),
});

/** Read access to the lake, and where things lie in it. Writing is `publish` and `writeQuery`. */
export type Lake = {
  /** `MUSTER_HOME/lake`, real path. */
  folder: string;
  /** The newest version of a dataset, null where there is no such dataset. */
  newest(name: string): Promise<DatasetManifest | null>;
  /** One version. `not_found` where the lake doesn't hold it. */
  manifest(pin: DatasetPin): Promise<DatasetManifest>;
  /** The newest version of every dataset, by name. */
  list(): Promise<DatasetManifest[]>;
  /** The versions of a dataset whose rows stand, in the order in which they became the newest; the newest is last. */
  versions(name: string): Promise<DatasetPin[]>;
  /** Every version that ever was, also those whose rows were destroyed, in the same order. */
  everyVersion(name: string): Promise<DatasetPin[]>;
  /** The same with the moment at which each became the newest. */
  history(name: string): Promise<{ pin: DatasetPin; at: string }[]>;
  /** Passes where the rows of a version stand; `not_found` where it never was, or says when and why they were destroyed. */
  standing(pin: DatasetPin): Promise<void>;
  /** A name to its newest pin, a pin to itself if the lake holds its rows. `not_found` says what to load. */
  resolve(ref: DatasetRef): Promise<DatasetPin>;
  /** Whether the lake's manifest still names this version as the newest. */
  isNewest(pin: DatasetPin): Promise<boolean>;
  /** Path of the Parquet snapshot of a version. It is not checked that it exists. */
  file(pin: DatasetPin): string;
  /** A fresh path for a Parquet file in the making, on the same disk. */
  scratch(): string;
  /** Names `version` the newest of `name`. Only `publish` calls this, and an erasure that wrote an older version anew. */
  setNewest(name: string, version: string, at: string): Promise<void>;
};

const absent = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

async function readJson<T>(file: string, type: z.ZodType<T>): Promise<T | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (absent(error)) return null;
    throw error;
  }
  try {
    return type.parse(JSON.parse(text));
  } catch (error) {
    throw fault("internal", "a manifest of the lake can't be read; restore the lake folder from a copy", {}, error);
  }
}

/**
 * Opens the lake under a home folder: `lake/<name>/<version>.parquet` (a snapshot, never changed), `<version>.json` (its
 * DatasetManifest) and `manifest.json` (which version is the newest, replaced in one rename). Makes the folders if needed.
 * Safe for many processes: readers see a whole old or new manifest; of two writers of one name the later one is the newest.
 */
export async function openLake(home: string): Promise<Lake> {
  await mkdir(join(home, "lake", ".scratch"), { recursive: true });
  const folder = await realpath(join(home, "lake"));
  const held = new Map<DatasetPin, DatasetManifest>();
  const newestOf = (name: string) =>
    DatasetName.safeParse(name).success ? readJson(join(folder, name, "manifest.json"), Newest) : null;
  const missing = (name: string) =>
    fault("not_found", `no dataset ${JSON.stringify(name.slice(0, 80))}; load it with: muster load FILE --as NAME`);

  async function find(pin: DatasetPin): Promise<DatasetManifest | null> {
    const cached = held.get(pin);
    if (cached || !DatasetPin.safeParse(pin).success) return cached ?? null;
    const { name, version } = parseDatasetRef(pin);
    const manifest = await readJson(join(folder, name, `${version}.json`), DatasetManifest);
    if (manifest) held.set(pin, manifest);
    return manifest;
  }

  const lake: Lake = {
    folder,
    async newest(name) {
      const current = await newestOf(name);
      return current && lake.manifest(pinOf(name, current.newest));
    },
    async manifest(pin) {
      const manifest = await find(pin);
      if (manifest) return manifest;
      const { name } = parseDatasetRef(pin);
      if (!(await newestOf(name))) throw missing(name);
      throw fault("not_found", `dataset ${name} has no such version; ask for ${name} to get its newest one`);
    },
    async list() {
      const entries = await readdir(folder, { withFileTypes: true });
      const names = entries.filter((e) => e.isDirectory() && DatasetName.safeParse(e.name).success).map((e) => e.name);
      const manifests = await Promise.all(names.sort().map((name) => lake.newest(name)));
      return manifests.filter((manifest) => manifest !== null);
    },
    async versions(name) {
      const pins = await lake.everyVersion(name);
      const stones = await Promise.all(pins.map((pin) => tombstoneOf(lake, pin)));
      return pins.filter((_, i) => stones[i] === null);
    },
    everyVersion: async (name) => (await lake.history(name)).map(({ pin }) => pin),
    async history(name) {
      return ((await newestOf(name))?.versions ?? []).map(({ version, at }) => ({ pin: pinOf(name, version), at }));
    },
    async standing(pin) {
      await lake.manifest(pin);
      const stone = await tombstoneOf(lake, pin);
      if (stone) throw goneFault(pin, stone);
    },
    async resolve(ref) {
      const { name, version } = parseDatasetRef(ref);
      if (version !== null) {
        await lake.standing(ref);
        return ref;
      }
      const current = await newestOf(name);
      if (!current) throw missing(name);
      return pinOf(name, current.newest);
    },
    async isNewest(pin) {
      const { name, version } = parseDatasetRef(pin);
      return version !== null && (await newestOf(name))?.newest === version;
    },
    file(pin) {
      const { name, version } = parseDatasetRef(DatasetPin.parse(pin));
      return join(folder, name, `${version}.parquet`);
    },
    scratch: () => join(folder, ".scratch", `${randomUUID()}.parquet`),
    async setNewest(name, version, at) {
      const before = await newestOf(name);
      const versions = [...(before?.versions ?? []).filter((v) => v.version !== version), { version, at }];
      await writeAtomically(join(folder, name, "manifest.json"), JSON.stringify({ newest: version, versions }), 0o644);
    },
  };
  return lake;
}

/** Removes what a crash left in the making. Call it before any process of this home runs. */
export async function clearScratch(home: string): Promise<void> {
  await rm(join(home, "lake", ".scratch"), { recursive: true, force: true });
}
