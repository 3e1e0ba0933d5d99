import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import type { Labels } from "../labels.ts";
import { fitLinear } from "../linear/fit.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";
import { loadXgboost } from "../xgboost/library.ts";
import { checkMonotone } from "./check-monotone.ts";
import { fitCandidate } from "./fit-candidate.ts";
import type { CandidateParams, TrainOptions } from "./job.ts";
import { fitOptionsOf } from "./options.ts";
import { selectCandidates } from "./select-candidates.ts";

const xgboost = loadXgboost();
const rows = 800;
const random = seededRandom(7);
const price = Float64Array.from({ length: rows }, () => random());
const wave = Float64Array.from({ length: rows }, () => random());
const columns: FeatureColumn[] = [
  { name: "price", type: "number", values: price.map((x, i) => (i % 17 === 0 ? Number.NaN : x)) },
  { name: "wave", type: "number", values: wave },
  { name: "shop", type: "category", values: Array.from({ length: rows }, (_, i) => `shop ${i % 4}`) },
];
/** Rises, then falls with price: a model left alone goes both ways. */
const hill = price.map((x, i) => (Math.sin(3 * x) + 0.3 * wave[i]! + 0.4 * random() > 0.95 ? 1 : 0));
const labels: Labels = { task: "binary", classes: ["no", "yes"], values: hill };

const asked = (some: Partial<TrainOptions>) => ({
  options: { classWeights: null, monotone: {}, coverage: null, ...some },
  costs: null,
});

describe("options of a training", () => {
  test("balanced weights are scikit-learn's: rows / (classes × rows of the class)", () => {
    const own: Labels = { task: "multiclass", classes: ["a", "b", "c"], values: Float64Array.of(0, 0, 0, 1, 1, 2) };
    const { classWeights } = fitOptionsOf(asked({ classWeights: "balanced" }), own, columns);
    expect(classWeights).toEqual([6 / 9, 6 / 6, 6 / 3]);
    expect(fitOptionsOf(asked({ classWeights: { c: 5 } }), own, columns).classWeights).toEqual([1, 1, 5]);
  });

  test("what doesn't suit the problem is refused, not ignored", () => {
    const three: Labels = { task: "multiclass", classes: ["a", "b", "c"], values: Float64Array.of(0, 1, 2) };
    const amount: Labels = { task: "regression", classes: [], values: Float64Array.of(1, 2, 3) };
    const refuse = (options: Parameters<typeof fitOptionsOf>[0], own: Labels, words: string) =>
      expect(() => fitOptionsOf(options, own, columns)).toThrow(words);
    refuse(asked({ classWeights: "balanced" }), amount, "regression");
    refuse(asked({ classWeights: { maybe: 2 } }), labels, "hasn't got");
    refuse(asked({ monotone: { price: 1 } }), three, "none is the higher");
    refuse(asked({ monotone: { shop: 1 } }), labels, "no order");
    refuse(asked({ monotone: { absent: 1 } }), labels, "isn't among the features");
    refuse(asked({ coverage: 0.9 }), labels, "around a number");
    refuse({ costs: { falsePositive: 1, falseNegative: 5 } }, amount, "threshold");
  });
});

describe("class weights", () => {
  const design = { rows, columns: 1, values: wave };
  test.each(["logistic", "softmax"] as const)("a row that counts twice in a %s fit is two rows", (link) => {
    const options = { link, classes: 2, penalties: [0.01], splits: [] };
    const mean = 1 + hill.reduce((a, b) => a + b, 0) / rows;
    const counted = fitLinear(design, hill, { ...options, counts: hill.map((y) => (1 + y) / mean) });
    const twice = Array.from(hill).flatMap((y, i) => (y === 1 ? [i, i] : [i]));
    const doubled = { rows: twice.length, columns: 1, values: Float64Array.from(twice, (i) => wave[i]!) };
    const written = fitLinear(
      doubled,
      Float64Array.from(twice, (i) => hill[i]!),
      options,
    );
    // The columns' scale differs between the two, and the penalty with it: by less than this.
    for (const [k, own] of written.estimator.coefficients.entries())
      expect(counted.estimator.coefficients[k]![0]!).toBeCloseTo(own[0]!, 2);
    expect(counted.estimator.intercept[0]!).toBeCloseTo(written.estimator.intercept[0]!, 2);
  });

  test.each(["linear", "xgboost", "random_forest"])(
    "raise the answers of %s for the class that counts more",
    (kind) => {
      const mean = (weights: number[] | null) => {
        const { margins } = fit(kind, { classWeights: weights, monotone: {} });
        return margins.reduce((a, b) => a + b, 0) / rows;
      };
      expect(mean([1, 5])).toBeGreaterThan(mean(null) + 0.5);
    },
  );
});

/** A candidate of a kind fitted on every row, as a model and its margins there. */
function fit(kind: string, options: ReturnType<typeof fitOptionsOf>) {
  const shape = { task: "binary" as const, rows, numbers: 2, categories: 1, classes: 2, minority: 200, folds: 3 };
  const candidate = selectCandidates(shape).find(({ params }) => params.algorithm === kind)!;
  const quick = (params: CandidateParams): CandidateParams =>
    params.algorithm === "xgboost" ? { ...params, trees: { ...params.trees, rounds: 40 } } : params;
  const all = Int32Array.from({ length: rows }, (_, i) => i);
  const half = { train: all.filter((i) => i % 2 === 0), valid: all.filter((i) => i % 2 === 1) };
  const fitted = fitCandidate({ ...candidate, params: quick(candidate.params) }, columns, labels, {
    ...{ xgboost, threads: 1, seed: 3, options, inner: () => [half], onStep: () => {} },
  });
  const model = {
    ...{ task: labels.task, classes: labels.classes, ...fitted.encoding, estimator: fitted.estimator() },
    ...{ calibration: { kind: "none" as const }, threshold: 0.5 },
  };
  fitted.free();
  return { model, margins: predictFitted(model, columns).margins[0]! };
}

describe("monotone constraints", () => {
  test.each(["linear", "xgboost", "random_forest"])("hold for %s in both directions, swept over its rows", (kind) => {
    for (const direction of [1, -1] as const) {
      const { model } = fit(kind, { classWeights: null, monotone: { price: direction } });
      const [check] = checkMonotone(model, columns, { price: direction });
      expect(check).toMatchObject({ feature: "price", direction, rows: 200, values: 33 });
      expect(check!.worst).toBeLessThanOrEqual(1e-6);
    }
  });

  test.each(["xgboost", "random_forest"])("a model of %s that was left alone goes both ways and is refused", (kind) => {
    const { model } = fit(kind, { classWeights: null, monotone: {} });
    expect(() => checkMonotone(model, columns, { price: 1 })).toThrow("against its constraint");
    expect(() => checkMonotone(model, columns, { price: -1 })).toThrow("against its constraint");
  });
});
