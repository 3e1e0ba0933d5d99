import { fault } from "@muster/shared/fault.ts";

/**
 * Solves A x = b for a symmetric positive definite A (`n × n`, row-major; only the upper triangle is read), by Cholesky.
 * A is overwritten. `unfit` where A isn't positive definite (columns that repeat one another, without a penalty).
 */
export function solveCholesky(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  // A = UᵀU, row by row, U in the upper triangle: the inner loop runs along memory.
  for (let k = 0; k < n; k++) {
    const diagonal = a[k * n + k]!;
    if (!(diagonal > 0)) throw fault("unfit", "columns of the linear model repeat one another; use a penalty above 0");
    const pivot = Math.sqrt(diagonal);
    a[k * n + k] = pivot;
    for (let j = k + 1; j < n; j++) a[k * n + j]! /= pivot;
    for (let i = k + 1; i < n; i++) {
      const factor = a[k * n + i]!;
      if (factor === 0) continue;
      for (let j = i; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    x[i]! /= a[i * n + i]!;
    for (let j = i + 1; j < n; j++) x[j]! -= a[i * n + j]! * x[i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let j = i + 1; j < n; j++) sum -= a[i * n + j]! * x[j]!;
    x[i] = sum / a[i * n + i]!;
  }
  return x;
}

/**
 * Adds Σ wᵢ xᵢ xᵢᵀ into the upper triangle of `out` (`columns × columns`, row-major); weights null: all 1.
 * Zeros are skipped: most cells of a one-hot design are.
 */
export function addGram(
  values: Float64Array,
  rows: number,
  columns: number,
  weights: Float64Array | null,
  out: Float64Array,
): void {
  const at = new Int32Array(columns);
  for (let row = 0; row < rows; row++) {
    const weight = weights ? weights[row]! : 1;
    if (weight === 0) continue;
    const start = row * columns;
    let filled = 0;
    for (let j = 0; j < columns; j++) if (values[start + j] !== 0) at[filled++] = j;
    for (let a = 0; a < filled; a++) {
      const i = at[a]!;
      const x = weight * values[start + i]!;
      const line = i * columns;
      for (let b = a; b < filled; b++) out[line + at[b]!]! += x * values[start + at[b]!]!;
    }
  }
}
