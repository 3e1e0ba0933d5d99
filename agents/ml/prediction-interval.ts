import type { IntervalCoverage, PredictionInterval } from "@muster/shared/domain/model.ts";
import { wilson } from "@muster/shared/stats/proportion.ts";

/** The interval around a predicted number: the number plus the residuals of its group. */
export function intervalAt({ edges, low, high }: PredictionInterval, value: number): [low: number, high: number] {
  let group = 0;
  while (group < edges.length && edges[group]! <= value) group++;
  return [value + low[group]!, value + high[group]!];
}

/** How many of the rows' labels lie inside the intervals around their predictions. */
export function coverageOf(
  interval: PredictionInterval,
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
): IntervalCoverage {
  let inside = 0;
  let width = 0;
  for (let row = 0; row < labels.length; row++) {
    const [low, high] = intervalAt(interval, predictions[row]!);
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
