import { expect, test } from "vitest";
import { weightedMetrics } from "./weighted-metrics.ts";

// Constants: scikit-learn 1.9.1 (ks: the largest |tpr − fpr| of its roc_curve; smape and brier of classes: numpy).
const ones = (rows: number) => new Int32Array(rows).fill(1);

test("two classes: as scikit-learn has them", () => {
  const labels = [0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0];
  const probabilities = [0.1, 0.8, 0.35, 0.4, 0.9, 0.35, 0.2, 0.6, 0.55, 0.7, 0.05, 0.3];
  const found = weightedMetrics({ task: "binary", labels, probabilities }, 0.5)(ones(12));
  expect(found.ks).toBeCloseTo(0.8, 12);
  expect(found.balanced_accuracy).toBeCloseTo(0.8285714285714285, 12);
  expect(found.mcc).toBeCloseTo(0.6571428571428571, 12);
  expect(found.kappa).toBeCloseTo(0.6571428571428571, 12);
  expect(found.specificity).toBeCloseTo(0.8571428571428571, 12);
});

test("three classes: as scikit-learn has them", () => {
  const labels = [0, 1, 2, 2, 1, 0, 2, 1, 0, 2];
  const rows = [
    [0.7, 0.2, 0.1],
    [0.2, 0.5, 0.3],
    [0.1, 0.2, 0.7],
    [0.4, 0.5, 0.1],
    [0.1, 0.8, 0.1],
    [0.3, 0.4, 0.3],
    [0.2, 0.2, 0.6],
    [0.6, 0.3, 0.1],
    [0.8, 0.1, 0.1],
    [0.25, 0.35, 0.4],
  ];
  const probabilities = [0, 1, 2].map((k) => rows.map((row) => row[k]!));
  const found = weightedMetrics({ task: "multiclass", labels, probabilities })(ones(10));
  expect(found.brier).toBeCloseTo(0.4385, 12);
  expect(found.balanced_accuracy).toBeCloseTo(0.6944444444444443, 12);
  expect(found.precision_macro).toBeCloseTo(0.7222222222222222, 12);
  expect(found.mcc).toBeCloseTo(0.5606060606060606, 12);
});

test("amounts: as scikit-learn has them; a label of 0 has no percentage, unless it isn't drawn", () => {
  const labels = [3, -0.5, 2, 7, 4.2];
  const values = [2.5, 0.1, 2, 8, 4.0];
  const found = weightedMetrics({ task: "regression", labels, values })(ones(5));
  expect(found.median_absolute_error).toBeCloseTo(0.5, 12);
  expect(found.explained_variance).toBeCloseTo(0.9513598326359832, 12);
  expect(found.mape).toBeCloseTo(0.31142857142857144, 12);
  expect(found.smape).toBeCloseTo(0.47278640059127863, 12);
  const withZero = weightedMetrics({ task: "regression", labels: [...labels, 0], values: [...values, 1] });
  expect(withZero(ones(6)).mape).toBeNaN();
  expect(withZero(Int32Array.from([1, 1, 1, 1, 1, 0])).mape).toBeCloseTo(0.31142857142857144, 12);
});

test("the median counts a row as often as it is drawn", () => {
  const of = weightedMetrics({ task: "regression", labels: [0, 0, 0], values: [1, 2, 10] });
  expect(of(Int32Array.from([1, 1, 0])).median_absolute_error).toBe(1.5);
  expect(of(Int32Array.from([0, 1, 2])).median_absolute_error).toBe(10);
  expect(of(Int32Array.from([3, 1, 1])).median_absolute_error).toBe(1);
});
