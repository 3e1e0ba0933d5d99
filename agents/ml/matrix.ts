/** A dense design matrix: `rows × columns`, Float32, row-major, NaN where missing. */
export type Matrix = { rows: number; columns: number; values: Float32Array };

/** Column values as they come from the matrix file: numbers (NaN missing) or categories ("" missing). */
export type FeatureColumn =
  | { name: string; type: "number"; values: Float64Array }
  | { name: string; type: "category"; values: string[] };
