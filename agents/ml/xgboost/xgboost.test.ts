import type { Fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { afterAll, describe, expect, test } from "vitest";
import { treeMargins } from "../score.ts";
import { loadBooster } from "./booster.ts";
import { loadXgboost } from "./library.ts";
import { engineMatrix } from "./matrix.ts";
import { treesOf } from "./model.ts";
import { type TreeObjective, type TreeParams, trainTrees } from "./train.ts";

const xgboost = loadXgboost();
const threads = 2;
const boosting: TreeParams = {
  rounds: 40,
  parallelTrees: 1,
  learningRate: 0.2,
  maxDepth: 5,
  minChildWeight: 1,
  lambda: 1,
  gamma: 0,
  subsample: 0.8,
  columnsPerTree: 0.8,
  columnsPerSplit: 1,
  maxBins: 256,
};
const forest: TreeParams = {
  ...boosting,
  rounds: 1,
  parallelTrees: 50,
  learningRate: 1,
  maxDepth: 9,
  subsample: 0.63,
  columnsPerTree: 1,
  columnsPerSplit: 0.5,
};

/** 2,000 × 6 with 15 % missing; the signal is in columns 0–2 and in whether column 3 is missing. */
function randomData(seed: number) {
  const random = seededRandom(seed);
  const rows = 2000;
  const columns = 6;
  const values = Float32Array.from({ length: rows * columns }, () => (random() < 0.15 ? Number.NaN : random() * 10));
  const signal = Float64Array.from({ length: rows }, (_, i) => {
    const at = (j: number) => values[i * columns + j]!;
    return (at(0) || 2) - ((at(1) || 5) * (at(2) || 1)) / 5 + (Number.isNaN(at(3)) ? 4 : 0) + random() * 2;
  });
  return { matrix: { rows, columns, values }, signal };
}

const data = randomData(7);
const labelled = (labels: Float32Array) => engineMatrix(xgboost, data.matrix, { labels, threads });
const cases: [string, TreeObjective, (signal: number) => number][] = [
  ["binary", { link: "logistic", groups: 1, baseScore: 0.37 }, (s) => (s > 2 ? 1 : 0)],
  ["multiclass", { link: "softmax", groups: 3, baseScore: 0.5 }, (s) => (s > 4 ? 2 : s > 1 ? 1 : 0)],
  ["regression", { link: "identity", groups: 1, baseScore: -1.25 }, (s) => s],
];
const open: { free: () => void }[] = [];
afterAll(() => {
  for (const item of open) item.free();
});

describe.each(cases)("%s trees", (_, objective, label) => {
  const matrix = labelled(Float32Array.from(data.signal, label));
  open.push(matrix);

  test.each([
    ["xgboost", boosting],
    ["random_forest", forest],
  ] as const)("%s: parsed trees give the engine's margins within 1e-5, missing values included", (family, params) => {
    const { booster } = trainTrees(xgboost, matrix, { params, objective, seed: 3, threads });
    open.push(booster);
    const expected = booster.margins(matrix);
    const parsed = treeMargins(treesOf(booster, family), data.matrix);
    expect(parsed.length).toBe(objective.groups);
    for (const [k, margins] of expected.entries()) {
      const spread = Math.max(...margins) - Math.min(...margins);
      expect(spread).toBeGreaterThan(0.5);
      for (const [i, margin] of margins.entries())
        expect(Math.abs(parsed[k]![i]! - margin)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(margin)));
    }
  });

  test("contributions add up to the margin", () => {
    const { booster } = trainTrees(xgboost, matrix, { params: boosting, objective, seed: 3, threads });
    open.push(booster);
    const margins = booster.margins(matrix);
    const shap = booster.contributions(matrix);
    const width = shap.columns + 1;
    for (let i = 0; i < shap.rows; i += 97)
      for (let k = 0; k < shap.outputs; k++) {
        const start = (i * shap.outputs + k) * width;
        const sum = shap.values.subarray(start, start + width).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(margins[k]![i]!, 3);
      }
  });

  test("same seed and threads give the same bytes, another seed does not", () => {
    const bytes = [3, 3, 4].map((seed) => {
      const { booster } = trainTrees(xgboost, matrix, { params: boosting, objective, seed, threads });
      open.push(booster);
      return Buffer.from(booster.save("json")).toString("base64");
    });
    expect(bytes[1]).toBe(bytes[0]);
    expect(bytes[2]).not.toBe(bytes[0]);
  });
});

describe("training", () => {
  const [, objective, label] = cases[0]!;
  const matrix = labelled(Float32Array.from(data.signal, label));
  const other = randomData(8);
  const valid = engineMatrix(xgboost, other.matrix, { labels: Float32Array.from(other.signal, label), threads });
  open.push(matrix, valid);

  test("stops early and keeps the best round", () => {
    const losses: number[] = [];
    const params = { ...boosting, rounds: 500, learningRate: 0.5, maxDepth: 8 };
    const onRound = (_: number, loss: number | null) => losses.push(loss!);
    const trained = trainTrees(xgboost, matrix, { params, objective, seed: 3, threads, valid, patience: 10, onRound });
    open.push(trained.booster);
    expect(losses.length).toBe(trained.rounds + 10);
    expect(trained.bestScore).toBe(Math.min(...losses));
    expect(trained.booster.rounds()).toBe(trained.rounds);
  });

  test("a throw in onRound ends it", () => {
    const onRound = (round: number) => {
      if (round === 2) throw new Error("enough");
    };
    expect(() => trainTrees(xgboost, matrix, { params: boosting, objective, seed: 3, threads, onRound })).toThrow(
      "enough",
    );
  });

  test("a saved model predicts the same when loaded", () => {
    const { booster } = trainTrees(xgboost, matrix, { params: boosting, objective, seed: 3, threads });
    const again = loadBooster(xgboost, booster.save("ubj"), threads);
    open.push(booster, again);
    expect(again.margins(valid)).toEqual(booster.margins(valid));
  });

  test("labels of another length are refused", () => {
    expect(() => engineMatrix(xgboost, data.matrix, { labels: new Float32Array(3), threads })).toThrow(
      "3 labels for 2000 rows",
    );
  });
});

test("a missing library is unavailable and says how to get it", () => {
  try {
    loadXgboost("/nowhere/libxgboost.so");
    expect.unreachable();
  } catch (error) {
    expect((error as Fault).code).toBe("unavailable");
    expect((error as Fault).message).toContain("apt-get install libxgboost0");
  }
});
