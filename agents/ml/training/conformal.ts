import type { PredictionInterval } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { argsort, sorted } from "@muster/shared/stats/sort.ts";

/** Groups by predicted value, at most; each of at least so many rows, and of five in each tail. */
const mostBins = 10;
const leastRows = 100;
const leastTail = 5;

/**
 * Conformal intervals from out-of-fold residuals (label − prediction), NaN predictions left out: in each group of rows with a
 * similar prediction (Mondrian: Vovk 2012) the ⌊(n + 1) · α / 2⌋-th and ⌈(n + 1) · (1 − α / 2)⌉-th smallest residual, so
 * that the interval is as wide as the error is there and lopsided where the error is. Rows like these lie inside with
 * probability ≥ coverage; the model refitted on every row errs a little less than those that the residuals are of.
 * `unfit` below 2 / α − 1 rows: no finite interval has that coverage.
 */
export function conformalInterval(
  labels: Float64Array,
  predictions: Float64Array,
  coverage: number,
): PredictionInterval {
  const tail = (1 - coverage) / 2;
  const order = argsort(predictions).filter((row) => !Number.isNaN(predictions[row]!));
  const needed = Math.ceil(1 / tail - 1e-9) - 1;
  if (order.length < needed)
    throw fault(
      "unfit",
      `${order.length} rows that were held out are too few for an interval of coverage ${coverage}; ${needed} are needed`,
    );
  const least = Math.max(leastRows, Math.ceil(leastTail / tail), Math.ceil(order.length / mostBins));
  const edges: number[] = [];
  const bins: number[][] = [[]];
  for (const [i, row] of order.entries()) {
    const bin = bins.at(-1)!;
    const changed = i > 0 && predictions[order[i - 1]!]! !== predictions[row]!;
    // What is left must fill a group too, and equal predictions belong together.
    if (changed && bin.length >= least && order.length - i >= least) {
      edges.push(predictions[row]!);
      bins.push([row]);
    } else bin.push(row);
  }
  const residuals = bins.map((rows) => sorted(Float64Array.from(rows, (row) => labels[row]! - predictions[row]!)));
  const low = residuals.map((own) => own[Math.max(1, Math.floor((own.length + 1) * tail + 1e-9)) - 1]!);
  const high = residuals.map((own) => own[Math.min(own.length, Math.ceil((own.length + 1) * (1 - tail) - 1e-9)) - 1]!);
  return { coverage, edges, low, high, rows: order.length };
}
