import { normal, seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { expect, test } from "vitest";
import type { OutOfFoldFile } from "./kept-answers.ts";
import { foldDifferences, pairedBootstrap, testToTrain, unpaired } from "./paired.ts";

const file = (more: Partial<OutOfFoldFile> = {}): OutOfFoldFile => ({
  ...{ classes: ["no", "yes"], row: [0, 1, 2, 3, 4, 5], fold: [0, 1, 2, 0, 1, 2], label: [0, 1, 0, 1, 0, 1] },
  ...{ prediction: [], scores: { roc_auc: [0.7, null, 0.9] }, ...more },
});

test("two runs are paired only where the same rows with the same labels lie in the same folds", () => {
  expect(unpaired(file(), file())).toBeNull();
  expect(unpaired(file(), file({ row: [0, 1, 2, 3, 4, 6] }))).toMatch(/other rows/);
  expect(unpaired(file(), file({ label: [0, 1, 0, 1, 1, 1] }))).toMatch(/other labels/);
  expect(unpaired(file(), file({ fold: [0, 1, 2, 0, 2, 1] }))).toMatch(/other folds/);
});

test("differences leave out a fold where one of them has no score", () => {
  const found = foldDifferences(file(), file({ scores: { roc_auc: [0.6, 0.8, 0.95] } }), "roc_auc");
  expect(found.map((d) => d.toFixed(3))).toEqual(["0.100", "-0.050"]);
  expect(foldDifferences(file(), file({ scores: {} }), "roc_auc")).toEqual([]);
});

test("the share of rows scored is 1/(k − 1) in k folds, and that of what lies before where folds follow time", () => {
  expect(testToTrain(file())).toBeCloseTo(1 / 2, 12);
  // 3 rows first, then folds of 2 and 1: (2/3 + 1/5) / 2.
  expect(testToTrain(file({ fold: [-1, -1, -1, 0, 0, 1] }))).toBeCloseTo((2 / 3 + 1 / 5) / 2, 12);
});

const random = seededRandom(5);
const label = Array.from({ length: 600 }, () => Number(random() < 0.4));
const telling = (noise: number) => {
  const positive = label.map((y) => 1 / (1 + Math.exp(-(y - 0.5) - noise * normal(random))));
  return [positive.map((p) => 1 - p), positive];
};
const answered = (prediction: number[][]) => ({ row: [...label.keys()], label, prediction, threshold: 0.5 });
const [good, poor] = [telling(0.6), telling(3)];

test("a better model's interval lies above zero; the value is the plain difference of the metric", () => {
  const found = pairedBootstrap("binary", "roc_auc", [answered(good), answered(poor)], { cluster: null, seed: 1 })!;
  expect(found.value).toBeCloseTo(rocAuc(label, good[1]!) - rocAuc(label, poor[1]!), 12);
  expect(found.low).toBeGreaterThan(0);
  expect(found).toMatchObject({ rows: 600, groups: null });
  const none = pairedBootstrap("binary", "roc_auc", [answered(good), answered(good)], { cluster: null, seed: 1 });
  expect(none).toMatchObject({ value: 0, low: 0, high: 0 });
});

test("rows of one entity are drawn together: the same rows five times tell no more than once", () => {
  const five = <T>(values: readonly T[]) => Array.from({ length: 5 }, () => values).flat();
  const repeated = (prediction: number[][]) => ({
    ...{ row: [...Array(3000).keys()], label: five(label), prediction: prediction.map(five), threshold: 0.5 },
  });
  const entity = Int32Array.from(five([...label.keys()]));
  const width = (cluster: Int32Array | null) => {
    const pair = [repeated(good), repeated(poor)] as const;
    const { low, high } = pairedBootstrap("binary", "roc_auc", pair, { cluster, seed: 3 })!;
    return high - low;
  };
  const once = pairedBootstrap("binary", "roc_auc", [answered(good), answered(poor)], { cluster: null, seed: 3 })!;
  expect(width(entity) / (once.high - once.low)).toBeGreaterThan(0.85);
  expect(width(null) / (once.high - once.low)).toBeLessThan(0.55);
});

test("of very many rows whole groups are left out, and it says how many were used", () => {
  const pair = [answered(good), answered(poor)] as const;
  const cluster = Int32Array.from(label, (_, i) => Math.floor(i / 2));
  const found = pairedBootstrap("binary", "log_loss", pair, { cluster, seed: 1, most: 300 })!;
  expect(found).toMatchObject({ rows: 300, groups: 150 });
  expect(pairedBootstrap("binary", "rmse", pair, { cluster, seed: 1 })).toBeNull();
});
