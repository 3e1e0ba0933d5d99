import type { Design } from "../encode.ts";

/**
 * A design with every column scaled to a standard deviation of 1, and a last column of ones for the intercept.
 * Dense columns are centred too; sparse ones aren't, which keeps their zeros and changes nothing, since the intercept
 * isn't penalised. A column that doesn't vary is all zeros and gets the coefficient 0.
 */
export type Standardised = Design & { shift: Float64Array; scale: Float64Array };

/** The standardised copy of a design, of `rows × (columns + 1)`. */
export function standardise(design: Design): Standardised {
  const { rows, columns, values } = design;
  const shift = new Float64Array(columns);
  const scale = new Float64Array(columns).fill(1);
  const constant = new Uint8Array(columns);
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    let zeros = 0;
    for (let cell = j; cell < values.length; cell += columns) {
      sum += values[cell]!;
      if (values[cell] === 0) zeros++;
    }
    const mean = sum / rows;
    let squares = 0;
    for (let cell = j; cell < values.length; cell += columns) squares += (values[cell]! - mean) ** 2;
    const deviation = Math.sqrt(squares / rows);
    if (deviation <= 1e-12 * Math.max(1, Math.abs(mean))) constant[j] = 1;
    else scale[j] = deviation;
    if (zeros < rows / 2) shift[j] = mean;
  }
  const width = columns + 1;
  const out = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++)
      if (!constant[j]) out[row * width + j] = (values[row * columns + j]! - shift[j]!) / scale[j]!;
    out[row * width + columns] = 1;
  }
  return { rows, columns: width, values: out, shift, scale };
}

/** Coefficients and intercept in the design's own units, from weights on the standardised one (intercept last). */
export function unstandardise(weights: Float64Array, { shift, scale }: { shift: Float64Array; scale: Float64Array }) {
  const coefficients = Array.from(scale, (s, j) => weights[j]! / s);
  const moved = coefficients.reduce((sum, coefficient, j) => sum + coefficient * shift[j]!, 0);
  return { coefficients, intercept: weights[scale.length]! - moved };
}

/** The given rows of a standardised design, in that order. */
export function takeDesignRows<D extends Design>(design: D, rows: Int32Array): D {
  const { columns } = design;
  const values = new Float64Array(rows.length * columns);
  for (const [i, row] of rows.entries())
    values.set(design.values.subarray(row * columns, (row + 1) * columns), i * columns);
  return { ...design, rows: rows.length, values };
}
