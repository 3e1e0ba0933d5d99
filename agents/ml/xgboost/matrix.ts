import { fault } from "@muster/shared/fault.ts";
import type { Matrix } from "../matrix.ts";
import type { Handle, Xgboost } from "./library.ts";

/** A data matrix inside the engine; `free` gives its memory back (once). */
export type EngineMatrix = { handle: Handle; rows: number; columns: number; free: () => void };

/**
 * The engine's copy of a dense matrix (NaN is missing), with labels and weights (one per row) where given, and what
 * kind each column is (`c` a category by its code; without `types` all are numbers).
 * Building is parallel over `threads`. Throws `invalid_input` when lengths differ.
 */
export function engineMatrix(
  xgboost: Xgboost,
  matrix: Matrix,
  options: { labels?: Float32Array; weights?: Float32Array; types?: readonly string[]; threads: number },
): EngineMatrix {
  const { rows, columns, values } = matrix;
  for (const [name, part] of Object.entries({ labels: options.labels, weights: options.weights }))
    if (part && part.length !== rows) throw fault("invalid_input", `${part.length} ${name} for ${rows} rows`);
  if (values.length !== rows * columns) throw fault("invalid_input", "matrix values don't fill rows × columns");
  const out: [Handle | null] = [null];
  xgboost.matrixFromDense(values, rows, columns, Number.NaN, out, options.threads);
  const handle = out[0]!;
  let freed = false;
  const free = () => {
    if (!freed) xgboost.matrixFree(handle);
    freed = true;
  };
  try {
    if (options.labels) xgboost.matrixSetFloats(handle, "label", options.labels, rows);
    if (options.types) xgboost.matrixSetTypes(handle, "feature_type", [...options.types], columns);
    if (options.weights) xgboost.matrixSetFloats(handle, "weight", options.weights, rows);
  } catch (error) {
    free();
    throw error;
  }
  return { handle, rows, columns, free };
}
