import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import type { Estimator, Tree } from "../fitted.ts";
import type { Matrix } from "../matrix.ts";
import { treeMargins } from "../score.ts";
import { treeContributions } from "../tree-shap.ts";
import { pathContributions } from "./path-attribution.ts";

const stump = (feature: number, threshold: number, values: [number, number], cover: [number, number]): Tree => ({
  feature: [feature, 0, 0],
  threshold: [threshold, 0, 0],
  left: [1, -1, -1],
  right: [2, -1, -1],
  missingLeft: [true, false, false],
  value: [0, ...values],
  cover: [cover[0] + cover[1], ...cover],
});
const deep: Tree = {
  feature: [0, 1, 0, 0, 0],
  threshold: [0.5, 0.3, 0, 0, 0],
  left: [1, 3, -1, -1, -1],
  right: [2, 4, -1, -1, -1],
  missingLeft: [false, true, false, false, false],
  value: [0, 0, 4, 1, 2],
  cover: [10, 6, 4, 2, 4],
};
const estimator = (trees: Tree[]): Extract<Estimator, { kind: "trees" }> => ({
  ...{ kind: "trees", family: "xgboost", trees, group: trees.map(() => 0), base: [0.25], link: "identity" },
});
const random = seededRandom(1);
const matrix: Matrix = { rows: 40, columns: 2, values: Float32Array.from({ length: 80 }, () => random()) };
matrix.values[3] = Number.NaN;

describe("contributions by decision path", () => {
  it("add up to the margin of every row", () => {
    const trees = estimator([deep, stump(1, 0.6, [-1, 3], [7, 3])]);
    const [output] = pathContributions(trees, matrix);
    const [margins] = treeMargins(trees, matrix);
    for (let row = 0; row < matrix.rows; row++)
      expect(output!.bias + output!.values[2 * row]! + output!.values[2 * row + 1]!).toBeCloseTo(margins![row]!, 5);
  });

  it("are TreeSHAP's where every tree has one split", () => {
    const stumps = estimator([stump(0, 0.5, [1, 2], [5, 5]), stump(1, 0.6, [-1, 3], [7, 3])]);
    expect(Array.from(pathContributions(stumps, matrix)[0]!.values)).toEqual(
      Array.from(treeContributions(stumps, matrix)[0]!.values, (v) => expect.closeTo(v, 6)),
    );
  });
});
