import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { type DatasetPin, DatasetVersion, parseDatasetRef, pinOf } from "../domain/dataset.ts";
import { type Fault, fault } from "../fault.ts";
import { syncFolder, writeAtomically } from "./atomic.ts";
import type { Lake } from "./lake.ts";

/**
 * What is left where a dataset version's rows were destroyed: when, why (`erased` a person, `retired` by retention) and by
 * which act. `successor`: the version that holds the same rows but the erased person's, for those who can go on with it.
 */
export const Tombstone = z.object({
  at: z.iso.datetime(),
  reason: z.enum(["erased", "retired"]),
  id: z.string(),
  successor: DatasetVersion.nullable().default(null),
});
export type Tombstone = z.infer<typeof Tombstone>;

const stoneOf = (lake: Lake, pin: DatasetPin): string => lake.file(pin).replace(/\.parquet$/, ".tombstone.json");

/** The tombstone of a dataset version; null where its rows stand. */
export async function tombstoneOf(lake: Lake, pin: DatasetPin): Promise<Tombstone | null> {
  try {
    return Tombstone.parse(JSON.parse(await readFile(stoneOf(lake, pin), "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw fault("internal", "a tombstone of the lake can't be read; restore the lake folder from a copy", {}, error);
  }
}

/**
 * The version to read in a version's place: itself while its rows stand, else the one that holds the same rows without the
 * person who was erased. For what goes on living on a version (a deployed model's features); gates read exactly their pins.
 */
export async function standingInFor(lake: Lake, pin: DatasetPin): Promise<DatasetPin> {
  const seen = new Set<DatasetPin>();
  for (let at = pin; ; ) {
    const stone = await tombstoneOf(lake, at);
    if (!stone) return at;
    if (stone.successor === null || seen.has(at)) throw goneFault(pin, stone);
    seen.add(at);
    at = pinOf(parseDatasetRef(at).name, stone.successor);
  }
}

/** What a reader of a destroyed version is told. */
export function goneFault(pin: DatasetPin, { at, reason, id }: Tombstone): Fault {
  const { name } = parseDatasetRef(pin);
  const said = reason === "erased" ? "was erased" : "was removed by its retention";
  const data = { dataset: name, at, reason, id };
  return fault("not_found", `this version of ${name} ${said} on ${at.slice(0, 10)} (${id}); ask for ${name}`, data);
}

/**
 * Destroys the rows of a dataset version; its manifest stays. The tombstone stands before the file goes, so that a crash
 * in between leaves a version that nobody reads and that the next call takes away. Repeating it changes nothing. Gives the bytes freed.
 */
export async function bury(lake: Lake, pin: DatasetPin, stone: z.input<typeof Tombstone>): Promise<number> {
  const { bytes } = await lake.manifest(pin);
  if (!(await tombstoneOf(lake, pin)))
    await writeAtomically(stoneOf(lake, pin), JSON.stringify(Tombstone.parse(stone)), 0o444);
  await rm(lake.file(pin), { force: true });
  await syncFolder(dirname(lake.file(pin)));
  return bytes;
}

/**
 * Makes way for content that comes again: what retention removed may be loaded anew; what holds somebody who was erased
 * may not (`conflict`).
 */
export async function unbury(lake: Lake, pin: DatasetPin): Promise<void> {
  const stone = await tombstoneOf(lake, pin);
  if (!stone) return;
  const { name } = parseDatasetRef(pin);
  if (stone.reason === "erased")
    throw fault(
      "conflict",
      `this content of ${name} holds somebody who was erased on ${stone.at.slice(0, 10)} (${stone.id}); load it without their rows`,
      { dataset: name, ...stone },
    );
  await rm(stoneOf(lake, pin), { force: true });
}
