import { normal, seededRandom } from "@muster/shared/random.ts";
import { afterAll, describe, expect, test } from "vitest";
import { encode } from "../encode.ts";
import { columnMap } from "../explain.ts";
import { explainSample } from "../explain-sample.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";
import { treeContributions } from "../tree-shap.ts";
import { loadXgboost } from "../xgboost/library.ts";
import { engineMatrix } from "../xgboost/matrix.ts";
import { treesOf } from "../xgboost/model.ts";
import { trainTrees } from "../xgboost/train.ts";
import { coefficientsOf } from "./coefficients.ts";
import { partialDependence } from "./dependence.ts";
import { engineExplainer } from "./engine-explainer.ts";
import { explainEntity } from "./entity.ts";
import { strongestPairs } from "./interplay.ts";
import { rowsOfSlice } from "./slice.ts";

const rows = 1500;
const random = seededRandom(11);
const drawn = (name: string): FeatureColumn & { values: Float64Array } => ({
  ...{ name, type: "number" },
  values: Float64Array.from({ length: rows }, () => normal(random)),
});
const [a, b, c] = [drawn("a"), drawn("b"), drawn("c")];
const columns: FeatureColumn[] = [a, b, c];
const xgboost = loadXgboost();
const encoding = columns.map((_, input) => ({ op: "number" as const, input, impute: null, mean: 0, scale: 1 }));
const shell: FittedModel = {
  ...{ task: "regression", classes: [], calibration: { kind: "none" }, threshold: null },
  inputs: columns.map(({ name }) => ({ name, type: "number" })),
  encoding,
  estimator: { kind: "constant", output: [0] },
};

/** Boosted trees on a label of a and b; c is noise. */
function boosted(label: (row: number) => number) {
  const labels = Float32Array.from({ length: rows }, (_, row) => label(row));
  const matrix = engineMatrix(xgboost, encode(shell, columns), { labels, threads: 1 });
  const { booster } = trainTrees(xgboost, matrix, {
    params: {
      ...{ rounds: 60, parallelTrees: 1, learningRate: 0.2, maxDepth: 3, minChildWeight: 1, lambda: 1, gamma: 0 },
      ...{ subsample: 1, columnsPerTree: 1, columnsPerSplit: 1, maxBins: 64 },
    },
    objective: { link: "identity", groups: 1, baseScore: 0 },
    seed: 1,
    threads: 1,
  });
  const bytes = booster.save("ubj");
  const model: FittedModel = { ...shell, estimator: treesOf(booster, "xgboost") };
  booster.free();
  matrix.free();
  return { model, engine: engineExplainer(xgboost, [bytes], model, { threads: 1, reference: columns }) };
}
const product = boosted((row) => a.values[row]! * b.values[row]!);
const sum = boosted((row) => a.values[row]! + b.values[row]!);
afterAll(() => {
  product.engine.free();
  sum.engine.free();
});
const breathe = async () => {};

describe("the engine's explanation", () => {
  test("equals TreeSHAP without it, and adds up to the margin of each row", () => {
    const [engine] = product.engine.explain(columns);
    const { estimator } = product.model;
    const [ours] = treeContributions(estimator as Extract<typeof estimator, { kind: "trees" }>, encode(shell, columns));
    const { margins } = predictFitted(product.model, columns);
    let worst = Math.abs(engine!.bias - ours!.bias);
    for (let row = 0; row < rows; row++) {
      let total = engine!.bias;
      for (let k = 0; k < 3; k++) {
        total += engine!.values[row * 3 + k]!;
        worst = Math.max(worst, Math.abs(engine!.values[row * 3 + k]! - ours!.values[row * 3 + k]!));
      }
      expect(Math.abs(total - margins[0]![row]!)).toBeLessThan(1e-4);
    }
    // The engine sums in float32.
    expect(worst).toBeLessThan(5e-5);
  });

  test("of pairs adds up to each column's contribution, and is the same both ways", () => {
    const [pairs] = product.engine.interactions(columns);
    const [own] = product.engine.explain(columns);
    for (let row = 0; row < rows; row += 50)
      for (let i = 0; i < 3; i++) {
        const cells = [0, 1, 2].map((j) => pairs!.values[(row * 3 + i) * 3 + j]!);
        expect(cells.reduce((x, y) => x + y, 0)).toBeCloseTo(own!.values[row * 3 + i]!, 3);
        for (let j = 0; j < 3; j++) expect(cells[j]!).toBeCloseTo(pairs!.values[(row * 3 + j) * 3 + i]!, 4);
      }
  });

  test("a product is told as a pair that acts together, a sum as none", () => {
    const strongest = ({ model, engine }: typeof product) =>
      strongestPairs(engine.interactions(columns), engine.explain(columns), columnMap(model, {}), 3)[0]!;
    expect(strongest(product).features).toEqual(["a", "b"]);
    expect(strongest(product).share).toBeGreaterThan(0.5);
    expect(strongest(sum).share).toBeLessThan(0.1);
  });

  test("stays the same when columns are renamed and come in another order", async () => {
    const renamed = { a: "z", b: "m", c: "a" } as Record<string, string>;
    const other = columns.map((column) => ({ ...column, name: renamed[column.name]! })).reverse();
    const model = {
      ...product.model,
      inputs: product.model.inputs.map((one) => ({ ...one, name: renamed[one.name]! })),
    };
    for (const engine of [true, false]) {
      const first = await explainSample(product.model, columns, rows, {}, breathe, {
        engine: engine ? product.engine : null,
      });
      const again = await explainSample(model, other, rows, {}, breathe, {
        engine: engine ? reading(model, product.engine) : null,
      });
      expect(again.byFeature).toEqual(first.byFeature.map((one) => ({ ...one, name: renamed[one.name]! })));
    }
  });
  /** The same engine's model, told the names of another fitted one. */
  function reading(model: FittedModel, engine: typeof product.engine): typeof product.engine {
    const back = new Map(model.inputs.map(({ name }, i) => [name, columns[i]!.name]));
    const named = (given: FeatureColumn[]) => given.map((column) => ({ ...column, name: back.get(column.name)! }));
    return { ...engine, explain: (given) => engine.explain(named(given)) };
  }
});

const linear: FittedModel = {
  ...{ task: "binary", classes: ["no", "yes"], calibration: { kind: "none" }, threshold: 0.5 },
  inputs: [
    { name: "a", type: "number" },
    { name: "plan", type: "category" },
  ],
  encoding: [
    { op: "number", input: 0, impute: 0, mean: 1, scale: 4 },
    { op: "one_hot", input: 1, category: "max" },
    { op: "one_hot", input: 1, category: "odd" },
  ],
  estimator: { kind: "linear", coefficients: [[2, -1, 3]], intercept: [0.5], link: "logistic" },
};
const plan: FeatureColumn = {
  ...{ name: "plan", type: "category" },
  values: Array.from({ length: rows }, (_, row) => (row < 3 ? "odd" : row % 2 ? "max" : "")),
};

test("coefficients come by size, of a number also per unit; a category of three rows isn't named", () => {
  expect(coefficientsOf(linear, [a, plan])).toEqual([
    { feature: "plan", of: "category", category: null, output: null, coefficient: 3, perUnit: null },
    { feature: "a", of: "number", category: null, output: null, coefficient: 2, perUnit: 0.5 },
    { feature: "plan", of: "category", category: "max", output: null, coefficient: -1, perUnit: null },
  ]);
  expect(coefficientsOf(product.model, columns)).toEqual([]);
});

test("partial dependence is the mean answer with the value put in place of every row's own", () => {
  const { points } = partialDependence(linear, [a, plan], "a");
  expect(points).toHaveLength(10);
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  for (const { at, mean } of points) {
    const byHand = plan.values.map((value) =>
      sigmoid(0.5 + (2 * ((at as number) - 1)) / 4 + (value === "max" ? -1 : value === "odd" ? 3 : 0)),
    );
    expect(mean).toHaveLength(1);
    expect(mean[0]!).toBeCloseTo(byHand.reduce((x, y) => x + y, 0) / rows, 9);
  }
  const categories = partialDependence(linear, [a, plan], "plan");
  expect(categories.points.map(({ at }) => at)).toEqual(["max"]);
});

test("one row's parts add up to its margin; its values stand in the details alone", () => {
  const row = [a, plan].map(
    (column): FeatureColumn =>
      column.type === "number" ? { ...column, values: Float64Array.of(42.125) } : { ...column, values: ["max"] },
  );
  const { details, ...told } = explainEntity({
    ...{ of: "scoring", fitted: linear, features: [], training: [a, plan] },
    row: { rows: 1, entity: ["k"], cutoff: [null], columns: row },
    explain: (given) => [
      {
        ...{ rows: 1, columns: 3, bias: 0.25 },
        values: encode(linear, given).values.reduce(
          (out, x, i) => out.fill([2, -1, 3][i]! * x + (i === 0 ? 0.25 : 0), i, i + 1),
          new Float64Array(3),
        ),
      },
    ],
  });
  expect(told.contributions.reduce((x, one) => x + one.contribution, told.bias)).toBeCloseTo(told.margin, 9);
  expect(told).toMatchObject({ of: "scoring", output: "yes" });
  expect(JSON.stringify(told)).not.toContain("42.125");
  expect(details.reasons.join()).toContain("a = 42.13");
  expect(details.probabilities.yes).toBeGreaterThan(0.99);
});

test("a slice of a linear model is told against the mean of all rows, not its own", async () => {
  const all = [a, plan];
  const high = rowsOfSlice(all, { feature: "a", from: 1.5 });
  const shareOfA = async (reference?: FeatureColumn[]) =>
    (await explainSample(linear, high.columns, high.rows, {}, breathe, reference && { reference })).byFeature.find(
      ({ name }) => name === "a",
    )!.importance;
  expect(await shareOfA(all)).toBeGreaterThan((await shareOfA()) + 0.2);
});

describe("a slice", () => {
  test("holds the rows of a range or of categories", () => {
    const half = rowsOfSlice([a, plan], { feature: "A", from: 0 });
    expect(half.rows).toBe(a.values.filter((x) => x >= 0).length);
    expect(Math.min(...(half.columns[0]!.values as Float64Array))).toBeGreaterThanOrEqual(0);
    expect(rowsOfSlice([a, plan], { feature: "plan", in: ["max"] }).rows).toBe(749);
  });
  test("is refused where it doesn't fit: unknown feature, wrong kind, too few rows", () => {
    const slice = (of: object) => () => rowsOfSlice([a, plan], of as never);
    expect(slice({ feature: "plam", in: ["max"] })).toThrow(/did you mean plan/);
    expect(slice({ feature: "a", in: ["max"] })).toThrow(/pass from, to/);
    expect(slice({ feature: "plan", from: 1 })).toThrow(/pass in/);
    expect(slice({ feature: "plan" })).toThrow(/pass in/);
    expect(slice({ feature: "plan", in: ["odd"] })).toThrow(/only 3 of 1500/);
  });
});
