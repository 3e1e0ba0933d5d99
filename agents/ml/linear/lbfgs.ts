/** The smallest point found, its value, and whether the gradient's largest entry fell below the tolerance. */
export type Minimum = { x: Float64Array; value: number; converged: boolean; iterations: number };

/**
 * Minimises a smooth convex function by L-BFGS (Nocedal & Wright, algorithm 7.5; memory 10) with a backtracking line search.
 * `f` gives the value at x and writes the gradient. Deterministic. `onStep` is called once per iteration and may throw.
 */
export function minimise(
  f: (x: Float64Array, gradient: Float64Array) => number,
  start: Float64Array,
  options: { tolerance?: number; maxIterations?: number; onStep?: () => void } = {},
): Minimum {
  const { tolerance = 1e-6, maxIterations = 500, onStep } = options;
  const n = start.length;
  const memory: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  let x = Float64Array.from(start);
  let gradient = new Float64Array(n);
  let value = f(x, gradient);
  for (let iteration = 0; ; iteration++) {
    const largest = gradient.reduce((top, g) => Math.max(top, Math.abs(g)), 0);
    if (largest <= tolerance || iteration === maxIterations)
      return { x, value, converged: largest <= tolerance, iterations: iteration };
    onStep?.();
    const direction = descent(gradient, memory);
    const slope = dot(direction, gradient);
    let step = memory.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    const next = new Float64Array(n);
    const nextGradient = new Float64Array(n);
    let nextValue = Number.POSITIVE_INFINITY;
    for (; step > 1e-20; step /= 2) {
      for (let i = 0; i < n; i++) next[i] = x[i]! + step * direction[i]!;
      nextValue = f(next, nextGradient);
      if (nextValue <= value + 1e-4 * step * slope) break;
    }
    // No step lowers the value any more: the limit of float64 is reached.
    if (!(nextValue < value)) return { x, value, converged: largest <= tolerance * 1e3, iterations: iteration };
    const s = next.map((v, i) => v - x[i]!);
    const y = nextGradient.map((v, i) => v - gradient[i]!);
    const curvature = dot(s, y);
    if (curvature > 1e-12 * dot(y, y)) {
      memory.push({ s, y, rho: 1 / curvature });
      if (memory.length > 10) memory.shift();
    }
    x = next;
    gradient = nextGradient;
    value = nextValue;
  }
}

function descent(gradient: Float64Array, memory: { s: Float64Array; y: Float64Array; rho: number }[]): Float64Array {
  const q = gradient.map((g) => -g);
  const alphas: number[] = [];
  for (const { s, y, rho } of memory.toReversed()) {
    const alpha = rho * dot(s, q);
    alphas.push(alpha);
    for (let i = 0; i < q.length; i++) q[i]! -= alpha * y[i]!;
  }
  const last = memory.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (const { s, y, rho } of memory) {
    const beta = rho * dot(y, q);
    const alpha = alphas.pop()!;
    for (let i = 0; i < q.length; i++) q[i]! += (alpha - beta) * s[i]!;
  }
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
