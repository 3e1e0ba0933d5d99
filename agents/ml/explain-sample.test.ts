import { expect, test } from "vitest";
import { explainSample } from "./explain-sample.ts";
import type { FittedModel, Tree } from "./fitted.ts";
import type { FeatureColumn } from "./matrix.ts";

const linear: FittedModel = {
  task: "regression",
  classes: [],
  inputs: [
    { name: "a", type: "number" },
    { name: "b", type: "number" },
  ],
  encoding: [0, 1].map((input) => ({ op: "number", input, impute: 0, mean: 0, scale: 1 })),
  estimator: { kind: "linear", coefficients: [[3, -1]], intercept: [5], link: "identity" },
  calibration: { kind: "none" },
  threshold: null,
};
const column = (name: string, rows: number, of: (i: number) => number): FeatureColumn => ({
  ...{ name, type: "number", values: Float64Array.from({ length: rows }, (_, i) => of(i)) },
});
const alternating = (name: string, rows: number) => column(name, rows, (i) => (i % 2 ? 1 : -1));
const breathe = async () => {};

test("shares are those of the coefficients where the columns vary alike, summed to raw columns", async () => {
  const rows = [alternating("a", 60), alternating("b", 60)];
  const found = await explainSample(linear, rows, 60, { a: ["fee"], b: ["payments.amount"] }, breathe);
  expect(found.rows).toBe(60);
  expect(found.importance[0]!.name).toBe("fee");
  expect(found.importance[0]!.importance).toBeCloseTo(0.75, 6);
  expect(found.importance[1]!.importance).toBeCloseTo(0.25, 6);
});

/** A full tree of the given depth over columns 0 and 1 in turn; every leaf has its own value. */
function fullTree(depth: number): Tree {
  const nodes = 2 ** (depth + 1) - 1;
  const inner = 2 ** depth - 1;
  const at = <T>(of: (node: number) => T) => Array.from({ length: nodes }, (_, node) => of(node));
  return {
    feature: at((node) => Math.floor(Math.log2(node + 1)) % 2),
    threshold: at(() => 0),
    left: at((node) => (node < inner ? 2 * node + 1 : -1)),
    right: at((node) => (node < inner ? 2 * node + 2 : -1)),
    missingLeft: at(() => true),
    value: at((node) => (node < inner ? 0 : node / nodes)),
    cover: at((node) => 2 ** (depth - Math.floor(Math.log2(node + 1)))),
  };
}

test("deep trees are explained on fewer rows, and the answer says on how many", async () => {
  const trees = Array.from({ length: 60 }, () => fullTree(11));
  const group = trees.map(() => 0);
  const estimator = { kind: "trees", family: "random_forest", trees, group, base: [0], link: "identity" } as const;
  const rows = [alternating("a", 2000), column("b", 2000, (i) => Math.sin(i))];
  const found = await explainSample({ ...linear, estimator: { ...estimator, base: [0] } }, rows, 2000, {}, breathe);
  expect(found.rows).toBeLessThan(2000);
  expect(found.rows).toBeGreaterThanOrEqual(50);
  expect(found.importance.reduce((sum, one) => sum + one.importance, 0)).toBeCloseTo(1, 9);
});
