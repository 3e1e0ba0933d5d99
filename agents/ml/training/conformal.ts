import type { PredictionInterval } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { argsort, sorted } from "@muster/shared/stats/sort.ts";
import { coverageOf } from "../prediction-interval.ts";

/** Groups by predicted value, at most; each of at least so many rows, and of five in each tail. */
const mostBins = 10;
const leastRows = 100;
const leastTail = 5;

/** Levels tried between the promised one and none left out, of which the first that holds is taken. */
const levels = 20;

/**
 * Conformal intervals from out-of-fold residuals (label − prediction), NaN predictions left out: in each group of rows with a
 * similar prediction (Mondrian: Vovk 2012) the ⌊(n + 1) · α / 2⌋-th and ⌈(n + 1) · (1 − α / 2)⌉-th smallest residual, so
 * that the interval is as wide as the error is there and lopsided where the error is. Rows like these lie inside with
 * probability ≥ coverage; the model refitted on every row errs a little less than those that the residuals are of.
 *
 * `inTime`: the fold of each row (−1: never held out), where folds go forward in time. What comes then isn't like what was:
 * α is lowered until intervals made of the folds before hold, on average over the later folds, the promised share of each, as
 * adaptive conformal inference does step by step (Gibbs and Candès 2021), and stays there; 1 − α is told as `level`.
 * `unfit` below 2 / α − 1 rows: no finite interval has that coverage.
 */
export function conformalInterval(
  labels: Float64Array,
  predictions: Float64Array,
  coverage: number,
  inTime: Int32Array | null = null,
): PredictionInterval {
  const known = argsort(predictions).filter((row) => !Number.isNaN(predictions[row]!));
  const needed = Math.ceil(2 / (1 - coverage) - 1e-9) - 1;
  if (known.length < needed)
    throw fault(
      "unfit",
      `${known.length} rows that were held out are too few for an interval of coverage ${coverage}; ${needed} are needed`,
    );
  const residuals = predictions.map((value, row) => labels[row]! - value);
  const of = (order: Uint32Array, level: number) => grouped(order, predictions, residuals, level);
  if (!inTime) return { coverage, ...of(known, coverage), rows: known.length };
  const made = (order: Uint32Array, level: number) => ({ coverage, ...of(order, level), rows: order.length });
  const level = levelHeld(known, inTime, coverage, made, { labels, predictions });
  return { coverage, level, ...of(known, level), rows: known.length };
}

/** The least level, from the coverage on, at which intervals of the folds before held the coverage of the later ones; else the largest tried. */
function levelHeld(
  order: Uint32Array,
  fold: Int32Array,
  coverage: number,
  made: (order: Uint32Array, level: number) => PredictionInterval,
  { labels, predictions }: { labels: Float64Array; predictions: Float64Array },
): number {
  const folds = [...new Set(order.map((row) => fold[row]!))].sort((a, b) => a - b);
  const parts = folds.slice(1).map((own) => {
    const later = order.filter((row) => fold[row] === own);
    return { before: order.filter((row) => fold[row]! < own), later };
  });
  const held = (level: number): number =>
    parts.reduce((sum, { before, later }) => {
      const take = (values: Float64Array) => Float64Array.from(later, (row) => values[row]!);
      return sum + coverageOf(made(before, level), take(labels), take(predictions)).observed / parts.length;
    }, 0);
  const tried = Array.from({ length: levels }, (_, i) => 1 - ((1 - coverage) * (levels - i)) / levels);
  return parts.length === 0 ? coverage : (tried.find((level) => held(level) >= coverage) ?? tried.at(-1)!);
}

/** Groups of rows with a similar prediction, which `order` rises in, and the residuals between which the level's share of each lies. */
function grouped(
  order: Uint32Array,
  predictions: Float64Array,
  residuals: Float64Array,
  level: number,
): Pick<PredictionInterval, "edges" | "low" | "high"> {
  const tail = (1 - level) / 2;
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
  const ordered = bins.map((rows) => sorted(Float64Array.from(rows, (row) => residuals[row]!)));
  return {
    edges,
    low: ordered.map((own) => own[Math.max(1, Math.floor((own.length + 1) * tail + 1e-9)) - 1]!),
    high: ordered.map((own) => own[Math.min(own.length, Math.ceil((own.length + 1) * (1 - tail) - 1e-9)) - 1]!),
  };
}
