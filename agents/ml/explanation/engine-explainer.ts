import { fault } from "@muster/shared/fault.ts";
import { encode } from "../encode.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { membersOf } from "../members.ts";
import { explainerOf, joinedContributions } from "../scoring/explainer.ts";
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
 * Opens the engine's own models (`boosters`, kept with the run in the order of the model's members of trees) to explain rows
 * of the fitted model that was read from them; a linear member of an ensemble by its terms against the means of `reference`.
 * `internal` where there aren't as many as members of trees. Calls block: pass some rows at a time. Sums are the engine's, in float32.
 */
export function engineExplainer(
  xgboost: Xgboost,
  boosters: readonly Uint8Array[],
  model: FittedModel,
  { threads, reference }: { threads: number; reference: FeatureColumn[] },
): EngineExplainer {
  const members = membersOf(model);
  const grown = members.filter((member) => member.model.estimator.kind === "trees").length;
  if (boosters.length !== grown)
    throw fault(
      "internal",
      `the run kept ${boosters.length} of the engine's models, and ${grown} parts of it are trees`,
    );
  const left = [...boosters];
  const parts = members.map(({ weight, first, model: own }) => ({
    ...{ weight, first },
    of:
      own.estimator.kind === "trees"
        ? treesExplainer(xgboost, left.shift()!, own, threads)
        : linearExplainer(own, reference),
  }));
  const columns = model.encoding.length;
  return {
    explain: (rows) => joinedContributions(parts.map(({ weight, of }) => ({ weight, outputs: of.explain(rows) }))),
    interactions: (rows) =>
      joinedInteractions(
        parts.map(({ weight, first, of }) => ({ weight, first, outputs: of.interactions(rows) })),
        columns,
      ),
    free() {
      for (const { of } of parts) of.free();
    },
  };
}

/** The members' squares, each times its weight, along the diagonal of the whole one: columns of two members never act together. */
function joinedInteractions(
  parts: readonly { weight: number; first: number; outputs: Interactions[] }[],
  columns: number,
): Interactions[] {
  const [head] = parts;
  if (parts.length === 1 && head!.weight === 1) return head!.outputs;
  return (head?.outputs ?? []).map(({ rows }, k) => {
    const values = new Float64Array(rows * columns * columns);
    for (const { weight, first, outputs } of parts) {
      const own = outputs[k]!;
      for (let row = 0; row < rows; row++)
        for (let a = 0; a < own.columns; a++)
          for (let b = 0; b < own.columns; b++)
            values[(row * columns + first + a) * columns + first + b] =
              weight * own.values[(row * own.columns + a) * own.columns + b]!;
    }
    return { rows, columns, values };
  });
}

/** Terms of a linear model, of which no two act together. */
function linearExplainer(model: FittedModel, reference: FeatureColumn[]): EngineExplainer {
  const { explain } = explainerOf(model, reference, 1);
  return {
    explain,
    interactions: (rows) =>
      explain(rows).map(({ rows: count, columns, values }) => {
        const out = new Float64Array(count * columns * columns);
        for (let row = 0; row < count; row++)
          for (let c = 0; c < columns; c++) out[(row * columns + c) * columns + c] = values[row * columns + c]!;
        return { rows: count, columns, values: out };
      }),
    free: () => {},
  };
}

function treesExplainer(xgboost: Xgboost, bytes: Uint8Array, model: FittedModel, threads: number): EngineExplainer {
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
