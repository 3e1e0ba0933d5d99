import { expect, test } from "vitest";
import { answerFigures, exploratoryReasons } from "./judgement.ts";

const run = {
  task: "binary" as const,
  classes: ["no", "yes"],
  classCounts: [500, 50],
  rows: 550,
  beatsConstant: true,
};
const labels = (positives: number, rows = 100) => Float64Array.from({ length: rows }, (_, i) => Number(i < positives));
const good = { labels: labels(20), metrics: { roc_auc: 0.8 }, baseline: { roc_auc: 0.5 } };

test("a model with enough of both sides that beats the constant may be relied on", () => {
  expect(exploratoryReasons(run, "roc_auc", good)).toEqual([]);
});

test("too few positives on either side make it exploratory, with the number", () => {
  expect(exploratoryReasons({ ...run, classCounts: [501, 49] }, "roc_auc", good)).toEqual([
    "49 rows of the rarer class to develop on, fewer than 50",
  ]);
  expect(exploratoryReasons(run, "roc_auc", { ...good, labels: labels(19) })).toEqual([
    "19 rows of the rarer class in the hold-out, fewer than 20",
  ]);
});

test("one that is no better than the constant is exploratory, also where less is better or it isn't defined", () => {
  expect(exploratoryReasons({ ...run, beatsConstant: false }, "roc_auc", good)).toHaveLength(1);
  expect(exploratoryReasons(run, "roc_auc", { ...good, metrics: { roc_auc: 0.5 } })).toHaveLength(1);
  expect(exploratoryReasons(run, "roc_auc", { ...good, metrics: {} })).toHaveLength(1);
  const amounts = { ...run, task: "regression" as const, classes: [], classCounts: [], rows: 500 };
  const worse = { labels: new Float64Array(60), metrics: { rmse: 11 }, baseline: { rmse: 10 } };
  expect(exploratoryReasons(amounts, "rmse", worse)).toHaveLength(1);
  expect(exploratoryReasons(amounts, "rmse", { ...worse, metrics: { rmse: 9 } })).toEqual([]);
});

test("figures bear the answer's keys, without those that aren't defined", () => {
  const found = { brier: 0.1, roc_auc: null, calibration_gap: 0.2, f1_macro: 0.7 };
  expect(answerFigures("binary", found, (value) => value)).toEqual({ brier: 0.1, f1_macro: 0.7 });
});
