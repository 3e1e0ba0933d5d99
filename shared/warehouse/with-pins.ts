import type { DatasetPin } from "../domain/dataset.ts";
import type { Lake } from "./lake.ts";
import { type Limits, openPins } from "./open-pins.ts";
import { openWarehouse } from "./open-warehouse.ts";
import type { Reader } from "./reader.ts";

/**
 * Runs work over a reader that holds exactly these dataset versions, each as a relation of its dataset's name, where they
 * stand: the lake, or one warehouse, in a transaction that first made sure that they are still what the pins say (`conflict`
 * otherwise). `unfit` for pins of two places.
 */
export async function withPins<T>(
  lake: Lake,
  pins: readonly DatasetPin[],
  limits: Limits,
  work: (reader: Reader) => Promise<T>,
): Promise<T> {
  const reader = (await openWarehouse(lake, pins, limits)) ?? (await openPins(lake, pins, limits));
  try {
    return await work(reader);
  } finally {
    reader.close();
  }
}
