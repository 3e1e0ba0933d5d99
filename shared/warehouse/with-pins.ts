import type { DatasetPin } from "../domain/dataset.ts";
import type { Lake } from "./lake.ts";
import type { Reader } from "./reader.ts";
import { type Limits, openPins } from "./write-query.ts";

/** Runs work over an engine that holds exactly these dataset versions, each as a view of its dataset's name, and closes it. */
export async function withPins<T>(
  lake: Lake,
  pins: readonly DatasetPin[],
  limits: Limits,
  work: (reader: Reader) => Promise<T>,
): Promise<T> {
  const engine = await openPins(lake, pins, limits);
  try {
    return await work(engine);
  } finally {
    engine.close();
  }
}
