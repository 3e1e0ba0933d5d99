import { argsort } from "@muster/shared/stats/sort.ts";
import type { CostMatrix } from "./job.ts";

/**
 * The threshold on the probability of the positive class, chosen out of fold: the one with the highest F1, or with the
 * least cost where prices are given. It lies halfway between two neighbouring probabilities, so that rounding flips no
 * row. Rows whose probability is NaN are left out.
 */
export function chooseThreshold(
  labels: ArrayLike<number>,
  probabilities: Float64Array,
  costs: CostMatrix | null,
): number {
  return thresholdScan(labels, probabilities, costs)(() => true);
}

/** For each fold (0..folds − 1) the threshold chosen on the other folds' rows. */
export function crossedThresholds(
  labels: ArrayLike<number>,
  probabilities: Float64Array,
  fold: Int32Array,
  folds: number,
  costs: CostMatrix | null,
): number[] {
  const scan = thresholdScan(labels, probabilities, costs);
  return Array.from({ length: folds }, (_, k) => scan((row) => fold[row] !== k));
}

function thresholdScan(labels: ArrayLike<number>, probabilities: Float64Array, costs: CostMatrix | null) {
  const order = argsort(probabilities).filter((row) => !Number.isNaN(probabilities[row]!));
  return (keep: (row: number) => boolean): number => {
    const rows = order.filter(keep).reverse();
    let positives = 0;
    for (const row of rows) positives += labels[row]!;
    const score = (hits: number, alarms: number) =>
      costs
        ? -(costs.falsePositive * alarms + costs.falseNegative * (positives - hits))
        : (2 * hits) / Math.max(1, hits + alarms + positives);
    // Nobody is positive: the threshold lies above every probability.
    let best = { score: score(0, 0), threshold: 1 + ((rows.length > 0 ? probabilities[rows[0]!]! : 0) - 1) / 2 };
    let hits = 0;
    for (let i = 0; i < rows.length; i++) {
      hits += labels[rows[i]!]!;
      const own = probabilities[rows[i]!]!;
      const next = i + 1 < rows.length ? probabilities[rows[i + 1]!]! : 0;
      if (next === own) continue;
      const reached = score(hits, i + 1 - hits);
      if (reached > best.score) best = { score: reached, threshold: (own + next) / 2 };
    }
    return best.threshold;
  };
}
