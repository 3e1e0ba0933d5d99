import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { StepTaken } from "@muster/shared/domain/step-taken.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";

/** A step with the size of the largest dataset version that it saw (rows × columns; null: it saw none), and what it wrote. */
export type SizedStep = StepTaken & { cells: number | null; writes: string | null };

/** Tools that write a dataset version: their output names it. */
const writers = new Set([
  "pipeline.build_labels",
  "pipeline.materialize_features",
  "pipeline.backfill",
  "ml.predict",
  "catalog.register_dataset",
]);

/** Sizes steps by the lake's manifests; a version that the lake doesn't hold counts for nothing. */
export async function sizedSteps(lake: Lake, steps: readonly StepTaken[]): Promise<SizedStep[]> {
  const sizes = new Map<string, number>();
  for (const pin of new Set(steps.flatMap(({ pins }) => pins))) {
    const manifest = await lake.manifest(pin).catch(() => null);
    if (manifest) sizes.set(pin, manifest.rows * manifest.columns.length);
  }
  return steps.map((step) => {
    const seen = step.pins.flatMap((pin) => sizes.get(pin) ?? []);
    const written = step.status === "succeeded" && writers.has(step.tool) ? step.pins.at(-1) : undefined;
    return {
      ...step,
      cells: seen.length > 0 ? Math.max(...seen) : null,
      writes: written === undefined ? null : parseDatasetRef(written).name,
    };
  });
}
