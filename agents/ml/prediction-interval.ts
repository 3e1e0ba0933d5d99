import type { IntervalCoverage, PredictionInterval } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { wilson } from "@muster/shared/stats/proportion.ts";
import type { FeatureColumn } from "./matrix.ts";

/**
 * The interval around a predicted number: the number plus the residuals of its group, scaled where the interval is. `at`: the
 * row's value of the feature that it is scaled by; missing: the widest.
 */
export function intervalAt(
  { edges, low, high, scale }: PredictionInterval,
  value: number,
  at = Number.NaN,
): [low: number, high: number] {
  const group = groupAt(edges, value);
  const by = scale ? (Number.isNaN(at) ? Math.max(...scale.by) : scale.by[groupAt(scale.edges, at)]!) : 1;
  return [value + by * low[group]!, value + by * high[group]!];
}

/** The group that a value lies in, where group i begins at `edges[i − 1]`. */
export function groupAt(edges: readonly number[], value: number): number {
  let group = 0;
  while (group < edges.length && edges[group]! <= value) group++;
  return group;
}

/** The values of the feature that an interval is scaled by, as the model reads them; null where it isn't scaled. */
export function scaledBy({ scale }: PredictionInterval, columns: readonly FeatureColumn[]): Float64Array | null {
  if (!scale) return null;
  const column = columns.find(({ name }) => name === scale.feature);
  if (column?.type === "number") return column.values;
  throw fault("broken_contract", `the model's intervals are scaled by ${scale.feature}, which it doesn't read`);
}

/** How many of the rows' labels lie inside the intervals around their predictions; `at` as of `scaledBy`. */
export function coverageOf(
  interval: PredictionInterval,
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  at: ArrayLike<number> | null = null,
): IntervalCoverage {
  let inside = 0;
  let width = 0;
  for (let row = 0; row < labels.length; row++) {
    const [low, high] = intervalAt(interval, predictions[row]!, at?.[row]);
    if (low <= labels[row]! && labels[row]! <= high) inside++;
    width += (high - low) / labels.length;
  }
  const observed = inside / labels.length;
  return { coverage: interval.coverage, observed, ...wilson(inside, labels.length), meanWidth: width };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The coverage in words. */
export const coverageText = ({ coverage, observed, low, high }: IntervalCoverage): string =>
  `intervals of ${percent(coverage)} hold ${percent(observed)} of the labels (95 %: ${percent(low)} to ${percent(high)})`;
