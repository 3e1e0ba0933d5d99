import { type DatasetPin, parseDatasetRef } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import { type Engine, openEngine } from "./duckdb.ts";
import type { Lake } from "./lake.ts";

/** Which versions a query reads: a list (each a view of its dataset's name) or a view name for each. */
export type Inputs = readonly DatasetPin[] | Readonly<Record<string, DatasetPin>>;

/** What a reading engine may use; the defaults suit a tool that shares the machine. */
export type Limits = { memoryMb?: number; threads?: number; timeLimitMs?: number };

/** The view name and the version of each input. */
export function named(inputs: Inputs): [string, DatasetPin][] {
  if (!Array.isArray(inputs)) return Object.entries(inputs);
  const pairs = inputs.map((pin: DatasetPin): [string, DatasetPin] => [parseDatasetRef(pin).name, pin]);
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw fault("invalid_input", "two versions of one dataset were passed as a list; name a view for each");
  }
  return pairs;
}

/**
 * Opens an engine over exactly these dataset versions, each a view. `more` names further paths that it may read or write.
 * `not_found` where the lake doesn't hold a version, `unfit` where its rows stand in a warehouse. Close it.
 */
export async function openPins(
  lake: Lake,
  inputs: Inputs,
  limits: Limits = {},
  more: readonly string[] = [],
): Promise<Engine> {
  const pairs = named(inputs);
  for (const [, pin] of pairs) {
    await lake.standing(pin);
    const { name, place } = await lake.manifest(pin);
    if (place)
      throw fault("unfit", `${name} stays in the warehouse ${place.source} and isn't read from files`, {
        dataset: name,
      });
  }
  const files = pairs.map(([, pin]) => lake.file(pin));
  const { memoryMb = 1024, threads = 2, timeLimitMs } = limits;
  const engine = await openEngine({ files: [...files, ...more], memoryMb, threads, timeLimitMs });
  try {
    for (const [name, pin] of pairs) await engine.view(name, lake.file(pin));
  } catch (error) {
    engine.close();
    throw error;
  }
  return engine;
}
