import type { Design } from "../encode.ts";
import { sigmoid } from "../score.ts";
import { addGram, solveCholesky } from "./cholesky.ts";
import { minimise } from "./lbfgs.ts";

/** Above this many multiplications a Newton step costs more than L-BFGS needs in all. */
const newtonLimit = 2e9;

/** log(1 + exp(z)), without overflow. */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** A design whose last column is all ones: its weight is the intercept and isn't penalised. */
export type WithIntercept = Design;

/**
 * Weights of a logistic regression: the minimum of mean(log loss) + penalty / 2 · Σ w², the intercept (last) left out of
 * the penalty. `counts`: what each row's loss counts (mean 1), null: all the same. Newton (IRLS) with halved steps; L-BFGS where the design is too wide for it. `start` warms it up.
 * `unfit` where the columns repeat one another and there is no penalty. `onStep` is called per iteration and may throw.
 */
export function fitLogistic(
  design: WithIntercept,
  labels: ArrayLike<number>,
  penalty: number,
  options: { start?: Float64Array; tolerance?: number; onStep?: () => void; counts?: Float64Array | null } = {},
): Float64Array {
  const { rows, columns } = design;
  const { tolerance = 1e-8, onStep, counts = null } = options;
  const start = options.start ?? new Float64Array(columns);
  if (rows * columns * columns > newtonLimit) {
    const f = (w: Float64Array, gradient: Float64Array) => lossAt(design, labels, counts, penalty, w, gradient, null);
    return minimise(f, start, { tolerance: Math.max(tolerance, 1e-7), onStep }).x;
  }
  let w = Float64Array.from(start);
  const gradient = new Float64Array(columns);
  const weights = new Float64Array(rows);
  let value = lossAt(design, labels, counts, penalty, w, gradient, weights);
  for (let iteration = 0; iteration < 100; iteration++) {
    if (gradient.every((g) => Math.abs(g) <= tolerance)) return w;
    onStep?.();
    const hessian = new Float64Array(columns * columns);
    addGram(design.values, rows, columns, weights, hessian);
    for (let i = 0; i < hessian.length; i++) hessian[i]! /= rows;
    for (let j = 0; j < columns; j++) {
      const cell = j * columns + j;
      // A column without variance has neither gradient nor curvature: any curvature leaves it at 0.
      hessian[cell] = hessian[cell] === 0 ? 1 : hessian[cell]! + (j < columns - 1 ? penalty : 0);
    }
    const step = solveCholesky(hessian, gradient);
    let size = 1;
    const next = new Float64Array(columns);
    for (; size > 1e-10; size /= 2) {
      for (let j = 0; j < columns; j++) next[j] = w[j]! - size * step[j]!;
      const lower = lossAt(design, labels, counts, penalty, next, gradient, weights);
      // Below the rounding of the loss it can't tell steps apart: there Newton's own step is taken.
      if (lower <= value + 1e-14 * value) {
        value = lower;
        break;
      }
    }
    // No step lowers the loss any more: the limit of float64 is reached.
    if (size <= 1e-10) return w;
    w = next;
  }
  return w;
}

/** The penalised mean loss at w; writes the gradient, and the IRLS weights p(1 − p) where asked. */
function lossAt(
  design: Design,
  labels: ArrayLike<number>,
  counts: Float64Array | null,
  penalty: number,
  w: Float64Array,
  gradient: Float64Array,
  weights: Float64Array | null,
): number {
  const { rows, columns, values } = design;
  gradient.fill(0);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let z = 0;
    for (let j = 0; j < columns; j++) z += values[start + j]! * w[j]!;
    const count = counts ? counts[row]! : 1;
    loss += count * (softplus(z) - labels[row]! * z);
    const p = sigmoid(z);
    if (weights) weights[row] = count * p * (1 - p);
    const error = count * (p - labels[row]!);
    for (let j = 0; j < columns; j++) gradient[j]! += error * values[start + j]!;
  }
  loss /= rows;
  for (let j = 0; j < columns; j++) {
    gradient[j]! /= rows;
    if (j === columns - 1) continue;
    gradient[j]! += penalty * w[j]!;
    loss += (penalty / 2) * w[j]! ** 2;
  }
  return loss;
}
