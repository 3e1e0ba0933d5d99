import { minimise } from "./lbfgs.ts";
import type { WithIntercept } from "./logistic.ts";

/**
 * Weights of a softmax regression, one array per class: the minimum of mean(log loss) + penalty / 2 · Σ w², the
 * intercepts (last) left out of the penalty, by L-BFGS. Every class has its own weights (none is the reference), so that
 * the answer is unique only up to one constant on the intercepts, which are shifted to add up to 0.
 * `labels` are class indices; `counts`: what each row's loss counts (mean 1), null: all the same. `onStep` is called per iteration and may throw.
 */
export function fitSoftmax(
  design: WithIntercept,
  labels: ArrayLike<number>,
  classes: number,
  penalty: number,
  options: { start?: Float64Array[]; tolerance?: number; onStep?: () => void; counts?: Float64Array | null } = {},
): Float64Array[] {
  const { rows, columns, values } = design;
  const flat = new Float64Array(classes * columns);
  for (const [k, start] of (options.start ?? []).entries()) flat.set(start, k * columns);
  const z = new Float64Array(classes);
  const counts = options.counts ?? null;
  const f = (w: Float64Array, gradient: Float64Array) => {
    gradient.fill(0);
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      const start = row * columns;
      let top = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < classes; k++) {
        let sum = 0;
        for (let j = 0; j < columns; j++) sum += values[start + j]! * w[k * columns + j]!;
        z[k] = sum;
        top = Math.max(top, sum);
      }
      let total = 0;
      const own = z[labels[row]!]!;
      for (let k = 0; k < classes; k++) {
        z[k] = Math.exp(z[k]! - top);
        total += z[k]!;
      }
      const count = counts ? counts[row]! : 1;
      loss += count * (Math.log(total) + top - own);
      for (let k = 0; k < classes; k++) {
        const error = count * (z[k]! / total - (labels[row] === k ? 1 : 0));
        for (let j = 0; j < columns; j++) gradient[k * columns + j]! += error * values[start + j]!;
      }
    }
    loss /= rows;
    for (let i = 0; i < w.length; i++) {
      gradient[i]! /= rows;
      if (i % columns === columns - 1) continue;
      gradient[i]! += penalty * w[i]!;
      loss += (penalty / 2) * w[i]! ** 2;
    }
    return loss;
  };
  const { x } = minimise(f, flat, {
    tolerance: options.tolerance ?? 1e-7,
    maxIterations: 2000,
    onStep: options.onStep,
  });
  const out = Array.from({ length: classes }, (_, k) => x.slice(k * columns, (k + 1) * columns));
  const shift = out.reduce((sum, w) => sum + w[columns - 1]!, 0) / classes;
  for (const w of out) w[columns - 1]! -= shift;
  return out;
}
