import type { AtThreshold, CostOfThreshold } from "@muster/shared/domain/evaluation-report.ts";
import { fault } from "@muster/shared/fault.ts";
import { argsort } from "@muster/shared/stats/sort.ts";
import type { CostMatrix } from "../training/job.ts";

/** Rows with 0/1 labels and the probability of yes. */
type Probabilities = { labels: ArrayLike<number>; probabilities: ArrayLike<number> };
type Counts = { tn: number; fp: number; fn: number; tp: number };

/** Steps of the grid: every tenth of the rows by score is one yes more. */
const gridSteps = 9;

/** Counts at any threshold (yes where p ≥ t), by one sort of the rows. */
function counter({ labels, probabilities }: Probabilities): {
  at: (threshold: number) => Counts;
  ascending: Float64Array;
} {
  const order = argsort(probabilities);
  const ascending = Float64Array.from(order, (row) => probabilities[row]!);
  // Positives among the rows that come before each place.
  const before = new Int32Array(order.length + 1);
  for (let i = 0; i < order.length; i++) before[i + 1] = before[i]! + labels[order[i]!]!;
  const positives = before[order.length]!;
  const at = (threshold: number): Counts => {
    let low = 0;
    let high = ascending.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ascending[middle]! < threshold) low = middle + 1;
      else high = middle;
    }
    const fn = before[low]!;
    const tp = positives - fn;
    return { tn: low - fn, fp: ascending.length - low - tp, fn, tp };
  };
  return { at, ascending };
}

const costOf = ({ fp, fn }: Counts, costs: CostMatrix): number => fp * costs.falsePositive + fn * costs.falseNegative;

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/**
 * What the recorded threshold, those that were asked for, and a grid over the tenths of the scores do on these rows;
 * ascending within each kind, equal ones once. `invalid_input` for a threshold outside 0..1.
 */
export function atThresholds(
  scored: Probabilities,
  recorded: number | null,
  asked: readonly number[],
  costs: CostMatrix | null,
): AtThreshold[] {
  const odd = asked.find((threshold) => !(threshold >= 0 && threshold <= 1));
  if (odd !== undefined) throw fault("invalid_input", `a threshold lies between 0 and 1, ${odd} doesn't`);
  const { at, ascending } = counter(scored);
  const grid = Array.from(
    { length: gridSteps },
    (_, i) => ascending[Math.floor(((i + 1) * ascending.length) / (gridSteps + 1))]!,
  );
  const seen = new Set<number>();
  const rows = (of: AtThreshold["of"], thresholds: readonly number[]) =>
    thresholds
      .toSorted((a, b) => a - b)
      .flatMap((threshold): AtThreshold[] => {
        if (seen.has(threshold)) return [];
        seen.add(threshold);
        const counts = at(threshold);
        const { tn, fp, fn, tp } = counts;
        const rates = { precision: ratio(tp, tp + fp), recall: ratio(tp, tp + fn), specificity: ratio(tn, tn + fp) };
        return [{ of, threshold, ...counts, ...rates, cost: costs && costOf(counts, costs) }];
      });
  return [...rows("recorded", recorded === null ? [] : [recorded]), ...rows("asked", asked), ...rows("grid", grid)];
}

/**
 * What the recorded threshold costs on these rows beside the alternatives. The threshold that follows from costs alone is
 * falsePositive ÷ (falsePositive + falseNegative) (Elkan 2001).
 */
export function costOfThreshold(scored: Probabilities, recorded: number, costs: CostMatrix): CostOfThreshold {
  const { at, ascending } = counter(scored);
  const cost = (threshold: number) => costOf(at(threshold), costs);
  const byProbability = costs.falsePositive / (costs.falsePositive + costs.falseNegative);
  // Between two scores nothing changes; above the last nobody is a yes.
  const thresholds = [...new Set(ascending), Number.POSITIVE_INFINITY];
  const cheapest = thresholds.reduce((best, threshold) => (cost(threshold) < cost(best) ? threshold : best));
  return {
    ...costs,
    recorded: cost(recorded),
    allYes: cost(Number.NEGATIVE_INFINITY),
    allNo: cost(Number.POSITIVE_INFINITY),
    byProbability: { threshold: byProbability, cost: cost(byProbability) },
    cheapest: { threshold: Math.min(1, cheapest), cost: cost(cheapest) },
  };
}
