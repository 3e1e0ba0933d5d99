import type { Interval } from "@muster/shared/domain/estimate.ts";
import { type AdditivePrior, fitAdditive, intervalOf, predict } from "@muster/shared/estimate/fit-additive.ts";
import type { Duration } from "./store.ts";

/** Cells are counted by the million, so that both parts are of a size. */
const million = 1e6;
/** Where a tool gives no hint. */
const usualMs = 500;

/**
 * What is believed of a tool's seconds before it ran here: its own hint, which may well be off by a factor of three, and
 * half a second a million cells, by a factor of ten.
 */
const priorOf = (hintMs: number | null): AdditivePrior => ({
  log: [Math.log((hintMs ?? usualMs) / 1000 || usualMs / 1000), Math.log(0.5)],
  spread: [Math.log(3), Math.log(10)],
  noise: 0.6,
  weight: 4,
});

const termsOf = (cells: number | null): number[] => [1, (cells ?? 0) / million];

/** Seconds that a tool's step takes over a dataset of so many cells (null: over none), from what its steps took before. */
export function secondsOfStep(seen: readonly Duration[], hintMs: number | null, cells: number | null): Interval {
  const model = fitAdditive(
    seen.map((one) => ({ terms: termsOf(one.cells), y: one.seconds })),
    priorOf(hintMs),
  );
  return intervalOf(predict(model, termsOf(cells)));
}
