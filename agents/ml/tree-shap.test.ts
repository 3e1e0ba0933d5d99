import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import type { Estimator, Tree } from "./fitted.ts";
import type { Matrix } from "./matrix.ts";
import { linearContributions, treeContributions } from "./tree-shap.ts";

/** A random tree over `features`; a feature may split twice on one path. */
function randomTree(random: () => number, features: number, depth: number): Tree {
  const tree: Required<Omit<Tree, "members">> = {
    feature: [],
    threshold: [],
    left: [],
    right: [],
    missingLeft: [],
    value: [],
    cover: [],
  };
  const grow = (left: number, cover: number): number => {
    const node = tree.feature.length;
    const leaf = left === 0 || random() < 0.15;
    tree.feature.push(leaf ? 0 : Math.floor(random() * features));
    tree.threshold.push(random());
    tree.left.push(-1);
    tree.right.push(-1);
    tree.missingLeft.push(random() < 0.5);
    tree.value.push(leaf ? random() * 2 - 1 : 0);
    tree.cover.push(cover);
    if (!leaf) {
      const share = 0.1 + 0.8 * random();
      tree.left[node] = grow(left - 1, cover * share);
      tree.right[node] = grow(left - 1, cover * (1 - share));
    }
    return node;
  };
  grow(depth, 100);
  return tree;
}

/** The expected output where only the columns of `known` are known: both branches by cover where one isn't. */
function expected(tree: Tree, x: Float32Array, known: number, node = 0): number {
  if (tree.left[node]! < 0) return tree.value[node]!;
  const f = tree.feature[node]!;
  const [l, r] = [tree.left[node]!, tree.right[node]!];
  if ((known >> f) & 1) {
    const left = Number.isNaN(x[f]!) ? tree.missingLeft[node]! : x[f]! < Math.fround(tree.threshold[node]!);
    return expected(tree, x, known, left ? l : r);
  }
  const share = tree.cover![l]! / (tree.cover![l]! + tree.cover![r]!);
  return share * expected(tree, x, known, l) + (1 - share) * expected(tree, x, known, r);
}

function bruteForce(tree: Tree, x: Float32Array, features: number, column: number): number {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  let sum = 0;
  for (let known = 0; known < 1 << features; known++) {
    if ((known >> column) & 1) continue;
    const size = known.toString(2).replaceAll("0", "").length;
    const weight = (factorial(size) * factorial(features - size - 1)) / factorial(features);
    sum += weight * (expected(tree, x, known | (1 << column)) - expected(tree, x, known));
  }
  return sum;
}

const features = 5;
const random = seededRandom(31);
const matrix: Matrix = {
  rows: 12,
  columns: features,
  values: Float32Array.from({ length: 12 * features }, () => (random() < 0.15 ? Number.NaN : random())),
};
const rowOf = (row: number) => matrix.values.subarray(row * features, (row + 1) * features);
const boosted = (trees: Tree[], base = [0.3]): Extract<Estimator, { kind: "trees" }> => ({
  kind: "trees",
  family: "xgboost",
  trees,
  group: trees.map((_, i) => i % base.length),
  base,
  link: "logistic",
});

describe("TreeSHAP", () => {
  it("equals Shapley's sum over all subsets, missing values and repeated splits included", () => {
    for (let t = 0; t < 20; t++) {
      const tree = randomTree(random, features, 6);
      const [found] = treeContributions(boosted([tree]), matrix);
      for (let row = 0; row < matrix.rows; row++) {
        for (let c = 0; c < features; c++) {
          expect(found!.values[row * features + c]).toBeCloseTo(bruteForce(tree, rowOf(row), features, c), 10);
        }
      }
    }
  });
  it("sums to the margin of each output", () => {
    const trees = Array.from({ length: 30 }, () => randomTree(random, features, 5));
    const estimator = boosted(trees, [0.3, -0.2, 0]);
    treeContributions(estimator, matrix).forEach((output, o) => {
      for (let row = 0; row < matrix.rows; row++) {
        const margin = trees.reduce(
          (sum, tree, t) => (estimator.group[t] === o ? sum + expected(tree, rowOf(row), 31) : sum),
          estimator.base[o]!,
        );
        const sum = output.values.subarray(row * features, (row + 1) * features).reduce((a, b) => a + b, output.bias);
        expect(sum).toBeCloseTo(margin, 10);
      }
    });
  });
  it("stays finite where no training row took a branch", () => {
    const tree: Tree = {
      feature: [0, 0, 0],
      threshold: [0.5, 0, 0],
      left: [1, -1, -1],
      right: [2, -1, -1],
      missingLeft: [true, true, true],
      value: [0, 1, 3],
      cover: [10, 10, 0],
    };
    const [found] = treeContributions(boosted([tree], [0]), { rows: 2, columns: 1, values: Float32Array.of(0, 1) });
    expect([...found!.values]).toEqual([0, 2]);
    expect(found!.bias).toBe(1);
  });
  it("refuses trees without cover", () => {
    const { cover: _, ...tree } = randomTree(random, features, 3);
    expect(() => treeContributions(boosted([tree]), matrix)).toThrow(expect.objectContaining({ code: "unfit" }));
  });
});

describe("contributions of a linear model", () => {
  it("sum to the margin and vanish at the centre", () => {
    const estimator = { kind: "linear" as const, coefficients: [[2, -1]], intercept: [0.5], link: "logistic" as const };
    const [found] = linearContributions(
      estimator,
      { rows: 2, columns: 2, values: Float32Array.of(1, 3, 4, 0) },
      [1, 3],
    );
    expect([...found!.values]).toEqual([0, -0, 6, 3]);
    expect(found!.bias).toBe(-0.5);
    expect(found!.bias + 9).toBe(0.5 + 2 * 4);
  });
});
