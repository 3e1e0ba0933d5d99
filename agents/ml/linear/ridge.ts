import { addGram, solveCholesky } from "./cholesky.ts";
import type { WithIntercept } from "./logistic.ts";

/** Normal equations of a design: XᵀX (upper triangle) and Xᵀy, summed over rows. */
export type Normal = { gram: Float64Array; moment: Float64Array; rows: number };

/** The normal equations of a design and its labels. */
export function normalEquations(design: WithIntercept, labels: ArrayLike<number>): Normal {
  const { rows, columns, values } = design;
  const gram = new Float64Array(columns * columns);
  addGram(values, rows, columns, null, gram);
  const moment = new Float64Array(columns);
  for (let row = 0; row < rows; row++)
    for (let j = 0; j < columns; j++) moment[j]! += values[row * columns + j]! * labels[row]!;
  return { gram, moment, rows };
}

/**
 * Weights of a ridge regression: the minimum of mean((y − Xw)²) / 2 + penalty / 2 · Σ w², the intercept (last) left out
 * of the penalty, by Cholesky of the normal equations. `unfit` where columns repeat one another and the penalty is 0.
 */
export function fitRidge({ gram, moment, rows }: Normal, penalty: number): Float64Array {
  const columns = moment.length;
  const matrix = Float64Array.from(gram);
  for (let j = 0; j < columns; j++) {
    const cell = j * columns + j;
    // A column without variance has no moment: any curvature leaves it at 0.
    matrix[cell] = matrix[cell] === 0 ? 1 : matrix[cell]! + (j < columns - 1 ? penalty * rows : 0);
  }
  return solveCholesky(matrix, moment);
}
