import type { PredictionInterval } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { argsort, sorted } from "@muster/shared/stats/sort.ts";
import { coverageOf, groupAt } from "../prediction-interval.ts";

/** Groups by predicted value, at most; each of at least so many rows, and of five in each tail. */
const mostBins = 10;
const leastRows = 100;
const leastTail = 5;

/** Levels tried between the promised one and none left out, of which the first that holds is taken. */
const levels = 20;
/** Groups of how far ahead rows lie, at most. */
const aheadGroups = 4;

/**
 * Conformal intervals from out-of-fold residuals (label − prediction), NaN predictions left out: in each group of rows with a
 * similar prediction (Mondrian: Vovk 2012) the ⌊(n + 1) · α / 2⌋-th and ⌈(n + 1) · (1 − α / 2)⌉-th smallest residual, so
 * that the interval is as wide as the error is there and lopsided where the error is. Rows like these lie inside with
 * probability ≥ coverage; the model refitted on every row errs a little less than those that the residuals are of.
 *
 * `inTime`: the fold of each row (−1: never held out), where folds go forward in time. What comes then isn't like what was:
 * α is lowered until intervals made of the folds before hold, on average over the later folds, the promised share of each, as
 * adaptive conformal inference does step by step (Gibbs and Candès 2021), and stays there; 1 − α is told as `level`.
 * `ahead`: how far ahead each row lies, of a forecast: residuals are judged relative to the mean size of those as far ahead
 * (normalised: Papadopoulos et al. 2002), in four groups at most, so that each step has the width that it needs.
 * `unfit` below 2 / α − 1 rows: no finite interval has that coverage.
 */
export function conformalInterval(
  labels: Float64Array,
  predictions: Float64Array,
  coverage: number,
  { inTime = null, ahead = null }: { inTime?: Int32Array | null; ahead?: Ahead | null } = {},
): PredictionInterval {
  const known = argsort(predictions).filter((row) => !Number.isNaN(predictions[row]!));
  const needed = Math.ceil(2 / (1 - coverage) - 1e-9) - 1;
  if (known.length < needed)
    throw fault(
      "unfit",
      `${known.length} rows that were held out are too few for an interval of coverage ${coverage}; ${needed} are needed`,
    );
  const residuals = predictions.map((value, row) => labels[row]! - value);
  const made = (order: Uint32Array, level: number): PredictionInterval => {
    const scale = ahead && scaleOf(order, residuals, ahead);
    const sized = scale
      ? residuals.map((own, row) => own / scale.by[groupAt(scale.edges, ahead.values[row]!)]!)
      : residuals;
    return { coverage, ...grouped(order, predictions, sized, level), rows: order.length, ...(scale && { scale }) };
  };
  if (!inTime) return made(known, coverage);
  const level = levelHeld(known, inTime, coverage, made, { labels, predictions, at: ahead?.values ?? null });
  return { ...made(known, level), level };
}

/** How far ahead each row lies, and the feature that says so. */
export type Ahead = { feature: string; values: Float64Array };

/** The mean size of residuals by how far ahead their rows lie, relative to that of all, in groups of about as many rows. */
function scaleOf(
  order: Uint32Array,
  residuals: Float64Array,
  { feature, values }: Ahead,
): NonNullable<PredictionInterval["scale"]> {
  const ordered = sorted(Float64Array.from(order, (row) => values[row]!));
  const cuts = Array.from(
    { length: aheadGroups - 1 },
    (_, i) => ordered[Math.ceil(((i + 1) * ordered.length) / aheadGroups)]!,
  );
  const edges = [...new Set(cuts)].filter((edge) => edge > ordered[0]!);
  const sums = edges.map(() => ({ size: 0, rows: 0 }));
  sums.push({ size: 0, rows: 0 });
  let all = 0;
  for (const row of order) {
    const own = sums[groupAt(edges, values[row]!)]!;
    own.size += Math.abs(residuals[row]!);
    own.rows++;
    all += Math.abs(residuals[row]!) / order.length;
  }
  // A group that was never off would have no width at all.
  return { feature, edges, by: sums.map(({ size, rows }) => (size > 0 ? size / rows / all : 1)) };
}

/** The least level, from the coverage on, at which intervals of the folds before held the coverage of the later ones; else the largest tried. */
function levelHeld(
  order: Uint32Array,
  fold: Int32Array,
  coverage: number,
  made: (order: Uint32Array, level: number) => PredictionInterval,
  { labels, predictions, at }: { labels: Float64Array; predictions: Float64Array; at: Float64Array | null },
): number {
  const folds = [...new Set(order.map((row) => fold[row]!))].sort((a, b) => a - b);
  const parts = folds.slice(1).map((own) => {
    const later = order.filter((row) => fold[row] === own);
    return { before: order.filter((row) => fold[row]! < own), later };
  });
  const held = (level: number): number =>
    parts.reduce((sum, { before, later }) => {
      const take = (values: Float64Array) => Float64Array.from(later, (row) => values[row]!);
      const { observed } = coverageOf(made(before, level), take(labels), take(predictions), at && take(at));
      return sum + observed / parts.length;
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
