import { fault } from "@muster/shared/fault.ts";
import type { Design } from "../encode.ts";
import type { Estimator } from "../fitted.ts";
import { fitLogistic } from "./logistic.ts";
import { fitRidge, normalEquations } from "./ridge.ts";
import { fitSoftmax } from "./softmax.ts";
import { standardise, takeDesignRows, unstandardise } from "./standardise.ts";

/** A split of rows for choosing the penalty. */
export type Split = { train: Int32Array; valid: Int32Array };

type Link = "logistic" | "softmax" | "identity";

/** The fitted estimator, the penalty chosen and the mean validation loss of each penalty tried. */
export type FittedLinear = {
  estimator: Extract<Estimator, { kind: "linear" }>;
  penalty: number;
  path: { penalty: number; loss: number }[];
};

/**
 * Fits a linear model on standardised columns (logistic, softmax or ridge by `link`), intercept unpenalised, float64.
 * The penalty is the one of `penalties` with the least mean loss over `splits`, fitted from strong to weak with warm
 * starts; one penalty needs no split. The minimum is deterministic: no randomness is used.
 * `counts`: what each row's loss counts (mean 1; classes only). `signs`: per column 1 or −1 where its coefficient may not
 * go the other way, 0 where it may: one that does is left out (its coefficient is 0) and the rest is fitted again.
 */
export function fitLinear(
  design: Design,
  labels: Float64Array,
  options: {
    link: Link;
    classes: number;
    penalties: number[];
    splits: Split[];
    counts?: Float64Array | null;
    signs?: readonly number[];
    onStep?: () => void;
  },
): FittedLinear {
  const { link, classes, splits, counts = null, onStep } = options;
  if (design.rows !== labels.length) throw fault("invalid_input", `${labels.length} labels for ${design.rows} rows`);
  const penalties = options.penalties.toSorted((a, b) => b - a);
  const whole = standardise(design);
  const losses = new Float64Array(penalties.length);
  if (penalties.length > 1)
    for (const { train, valid } of splits) {
      const part = takeDesignRows(whole, train);
      const check = takeDesignRows(whole, valid);
      const own = Float64Array.from(train, (row) => labels[row]!);
      const truth = Float64Array.from(valid, (row) => labels[row]!);
      const [owns, checks] = [countsOf(counts, train), countsOf(counts, valid)];
      for (const [i, weights] of fitPath(part, own, owns, link, classes, penalties, 1e-5, onStep).entries())
        losses[i]! += meanLoss(check, truth, checks, weights, link) / splits.length;
    }
  const best = losses.indexOf(losses.reduce((least, loss) => Math.min(least, loss), Number.POSITIVE_INFINITY));
  const penalty = penalties[Math.max(best, 0)]!;
  const fit = () => fitPath(whole, labels, counts, link, classes, [penalty], 1e-8, onStep)[0]!;
  let weights = fit();
  while (leaveOut(whole, wrongSigned(weights, options.signs ?? []))) weights = fit();
  const fitted = weights.map((w) => unstandardise(w, whole));
  return {
    estimator: {
      kind: "linear",
      coefficients: fitted.map((row) => row.coefficients),
      intercept: fitted.map((row) => row.intercept),
      link,
    },
    penalty,
    path: penalties.map((penalty, i) => ({ penalty, loss: losses[i]! })),
  };
}

const countsOf = (counts: Float64Array | null, rows: Int32Array): Float64Array | null =>
  counts && Float64Array.from(rows, (row) => counts[row]!);

/** Columns with a coefficient against their sign in some output. */
const wrongSigned = (weights: Float64Array[], signs: readonly number[]): number[] =>
  signs.flatMap((sign, j) => (weights.some((w) => w[j]! * sign < 0) ? [j] : []));

/** Clears columns, whose coefficients are 0 from then on; gives whether there were any. */
function leaveOut({ columns, values }: Design, left: number[]): boolean {
  for (const j of left) for (let cell = j; cell < values.length; cell += columns) values[cell] = 0;
  return left.length > 0;
}

/** Weights per output for each penalty, each started from the one before. */
function fitPath(
  design: Design,
  labels: Float64Array,
  counts: Float64Array | null,
  link: Link,
  classes: number,
  penalties: number[],
  tolerance: number,
  onStep?: () => void,
): Float64Array[][] {
  if (link === "identity") {
    const equations = normalEquations(design, labels);
    return penalties.map((penalty) => {
      onStep?.();
      return [fitRidge(equations, penalty)];
    });
  }
  let start: Float64Array[] | undefined;
  return penalties.map((penalty) => {
    start =
      link === "logistic"
        ? [fitLogistic(design, labels, penalty, { start: start?.[0], tolerance, counts, onStep })]
        : fitSoftmax(design, labels, classes, penalty, { start, tolerance: Math.max(tolerance, 1e-6), counts, onStep });
    return start;
  });
}

/** Log loss, or squared error for ridge, per row. */
function meanLoss(
  design: Design,
  labels: Float64Array,
  counts: Float64Array | null,
  weights: Float64Array[],
  link: Link,
): number {
  const { rows, columns, values } = design;
  const z = new Float64Array(weights.length);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    for (const [k, w] of weights.entries()) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += values[row * columns + j]! * w[j]!;
      z[k] = sum;
    }
    const label = labels[row]!;
    const count = counts ? counts[row]! : 1;
    if (link === "identity") loss += (label - z[0]!) ** 2;
    else if (link === "logistic")
      loss += count * (Math.max(z[0]!, 0) + Math.log1p(Math.exp(-Math.abs(z[0]!))) - label * z[0]!);
    else {
      const top = z.reduce((a, b) => Math.max(a, b));
      loss += count * (Math.log(z.reduce((sum, v) => sum + Math.exp(v - top), 0)) + top - z[label]!);
    }
  }
  return loss / rows;
}
