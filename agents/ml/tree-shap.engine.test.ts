import { seededRandom } from "@muster/shared/random.ts";
import { expect, test } from "vitest";
import { checkSums } from "./explain.ts";
import { treeMargins } from "./score.ts";
import { treeContributions } from "./tree-shap.ts";
import { loadXgboost } from "./xgboost/library.ts";
import { engineMatrix } from "./xgboost/matrix.ts";
import { treesOf } from "./xgboost/model.ts";
import { trainTrees } from "./xgboost/train.ts";

test("TreeSHAP without the engine equals the engine's pred_contribs, three classes and missing values", () => {
  const random = seededRandom(17);
  const [rows, columns] = [600, 6];
  const values = Float32Array.from({ length: rows * columns }, () => (random() < 0.1 ? Number.NaN : random()));
  const labels = Float32Array.from({ length: rows }, (_, i) => {
    const score = (values[i * columns]! || 0.2) + (values[i * columns + 1]! || 0.9) * random();
    return score > 1 ? 2 : score > 0.5 ? 1 : 0;
  });
  const xgboost = loadXgboost();
  const matrix = engineMatrix(xgboost, { rows, columns, values }, { labels, threads: 1 });
  const { booster } = trainTrees(xgboost, matrix, {
    params: {
      rounds: 20,
      parallelTrees: 1,
      learningRate: 0.3,
      maxDepth: 5,
      minChildWeight: 1,
      lambda: 1,
      gamma: 0,
      subsample: 0.8,
      columnsPerTree: 1,
      columnsPerSplit: 1,
      maxBins: 64,
    },
    objective: { link: "softmax", groups: 3, baseScore: 0.5 },
    seed: 1,
    threads: 1,
  });
  const engine = booster.contributions(matrix);
  const trees = treesOf(booster, "xgboost");
  const ours = treeContributions(trees, { rows, columns, values });
  const margins = treeMargins(trees, { rows, columns, values });
  let worst = 0;
  ours.forEach((output, k) => {
    expect(checkSums(output, margins[k]!)).toBeLessThan(1e-4);
    for (let row = 0; row < rows; row++) {
      const at = (row * 3 + k) * (columns + 1);
      for (let c = 0; c < columns; c++) {
        worst = Math.max(worst, Math.abs(output.values[row * columns + c]! - engine.values[at + c]!));
      }
      worst = Math.max(worst, Math.abs(output.bias - engine.values[at + columns]!));
    }
  });
  booster.free();
  matrix.free();
  // The engine sums in float32.
  expect(worst).toBeLessThan(2e-5);
});
