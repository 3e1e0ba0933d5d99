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
 */
export function fitLinear(
  design: Design,
  labels: Float64Array,
  options: { link: Link; classes: number; penalties: number[]; splits: Split[]; onStep?: () => void },
): FittedLinear {
  const { link, classes, splits, onStep } = options;
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
      for (const [i, weights] of fitPath(part, own, link, classes, penalties, 1e-5, onStep).entries())
        losses[i]! += meanLoss(check, truth, weights, link) / splits.length;
    }
  const best = losses.indexOf(losses.reduce((least, loss) => Math.min(least, loss), Number.POSITIVE_INFINITY));
  const penalty = penalties[Math.max(best, 0)]!;
  const weights = fitPath(whole, labels, link, classes, [penalty], 1e-8, onStep)[0]!;
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

/** Weights per output for each penalty, each started from the one before. */
function fitPath(
  design: Design,
  labels: Float64Array,
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
        ? [fitLogistic(design, labels, penalty, { start: start?.[0], tolerance, onStep })]
        : fitSoftmax(design, labels, classes, penalty, { start, tolerance: Math.max(tolerance, 1e-6), onStep });
    return start;
  });
}

/** Log loss, or squared error for ridge, per row. */
function meanLoss(design: Design, labels: Float64Array, weights: Float64Array[], link: Link): number {
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
    if (link === "identity") loss += (label - z[0]!) ** 2;
    else if (link === "logistic") loss += Math.max(z[0]!, 0) + Math.log1p(Math.exp(-Math.abs(z[0]!))) - label * z[0]!;
    else {
      const top = z.reduce((a, b) => Math.max(a, b));
      loss += Math.log(z.reduce((sum, v) => sum + Math.exp(v - top), 0)) + top - z[label]!;
    }
  }
  return loss / rows;
}
