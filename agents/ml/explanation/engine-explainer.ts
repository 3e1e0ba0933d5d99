import { fault } from "@muster/shared/fault.ts";
import { encode } from "../encode.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { columnTypes } from "../training/grow-trees.ts";
import type { Contributions } from "../tree-shap.ts";
import { loadBooster } from "../xgboost/booster.ts";
import type { Xgboost } from "../xgboost/library.ts";
import { engineMatrix } from "../xgboost/matrix.ts";

/**
 * What each pair of design columns adds together to one output's margin: `values` is rows × columns × columns, row-major.
 * A pair's part is the sum of both its cells; on the diagonal stands what is left to the column alone, and a row of the
 * square adds up to the column's contribution.
 */
export type Interactions = { rows: number; columns: number; values: Float64Array };

/** Contributions and interactions by the engine's own exact TreeSHAP (`pred_contribs`, `pred_interactions`); `free` gives its memory back. */
export type EngineExplainer = {
  explain: (rows: FeatureColumn[]) => Contributions[];
  interactions: (rows: FeatureColumn[]) => Interactions[];
  free: () => void;
};

/**
 * Opens the engine's own model (the booster kept with the run) to explain rows of the fitted model that was read from it.
 * Calls block: pass some rows at a time. Sums are the engine's, in float32.
 */
export function engineExplainer(
  xgboost: Xgboost,
  bytes: Uint8Array,
  model: FittedModel,
  threads: number,
): EngineExplainer {
  const booster = loadBooster(xgboost, bytes, threads);
  const over = <T>(rows: FeatureColumn[], use: (matrix: ReturnType<typeof engineMatrix>) => T): T => {
    const matrix = engineMatrix(xgboost, encode(model, rows), { threads, types: columnTypes(model) });
    try {
      return use(matrix);
    } finally {
      matrix.free();
    }
  };
  return {
    explain: (rows) =>
      over(rows, (matrix) => {
        const { outputs, columns, values } = booster.contributions(matrix);
        return Array.from({ length: outputs }, (_, k) => {
          const out = new Float64Array(matrix.rows * columns);
          const start = (row: number) => (row * outputs + k) * (columns + 1);
          for (let row = 0; row < matrix.rows; row++)
            for (let c = 0; c < columns; c++) out[row * columns + c] = values[start(row) + c]!;
          // The mean output is the same for every row.
          return { rows: matrix.rows, columns, values: out, bias: values[start(0) + columns]! };
        });
      }),
    interactions: (rows) =>
      over(rows, (matrix) => {
        const { outputs, columns, values } = booster.interactions(matrix);
        const side = columns + 1;
        if (values.length !== matrix.rows * outputs * side * side)
          throw fault("internal", "the engine's interactions have another shape than its columns");
        return Array.from({ length: outputs }, (_, k) => {
          const out = new Float64Array(matrix.rows * columns * columns);
          for (let row = 0; row < matrix.rows; row++)
            for (let a = 0; a < columns; a++)
              for (let b = 0; b < columns; b++)
                out[(row * columns + a) * columns + b] = values[((row * outputs + k) * side + a) * side + b]!;
          return { rows: matrix.rows, columns, values: out };
        });
      }),
    free: booster.free,
  };
}
