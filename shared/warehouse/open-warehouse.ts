import type { DatasetManifest } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import type { Lake } from "./lake.ts";
import { type Inputs, type Limits, named } from "./open-pins.ts";
import type { Reader } from "./reader.ts";
import { withSource } from "./source.ts";

/** The reader over versions that stay in a warehouse; null where all stand in the lake. Faults as of `withPins`. Close it. */
export async function openWarehouse(lake: Lake, inputs: Inputs, limits: Limits = {}): Promise<Reader | null> {
  const manifests: [string, DatasetManifest][] = [];
  for (const [name, pin] of named(inputs)) manifests.push([name, await lake.manifest(pin)]);
  const places = [...new Set(manifests.map(([, { place }]) => place?.source ?? null))];
  const place = places.find((one) => one !== null);
  if (place === undefined) return null;
  if (places.length > 1) {
    const where = places.map((one) => (one === null ? "the lake" : `the warehouse ${one}`)).join(" and ");
    throw fault(
      "unfit",
      `these datasets stand in ${where}, and no query reaches both; load the others into one of them`,
      {
        places,
      },
    );
  }
  for (const [, pin] of named(inputs)) await lake.standing(pin);
  return withSource(lake, place, (source) => source.open(Object.fromEntries(manifests), limits));
}
