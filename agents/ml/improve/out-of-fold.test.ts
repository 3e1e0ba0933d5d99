import { describe, expect, test } from "vitest";
import { aboveNoise, foldDifference, type OutOfFoldAnswers, unequal } from "./out-of-fold.ts";

const answers = (probabilities: number[]): OutOfFoldAnswers => ({
  fold: [-1, 0, 0, 0, 0, 1, 1, 1, 1],
  label: [1, 1, 0, 1, 0, 1, 0, 1, 0],
  prediction: [probabilities.map((p) => 1 - p), probabilities],
});
const base = answers([Number.NaN, 0.6, 0.5, 0.2, 0.3, 0.9, 0.1, 0.4, 0.5]);
const challenger = answers([Number.NaN, 0.9, 0.5, 0.8, 0.3, 0.9, 0.1, 0.6, 0.5]);

describe("the difference of two models out of fold", () => {
  test("is paired by fold; rows that were never held out don't count", () => {
    const found = foldDifference({ task: "binary", metric: "roc_auc" }, base, challenger);
    // By hand: the base orders 2 of 4 pairs in the first fold and 3 of 4 in the second, the challenger all of them.
    expect(found).toMatchObject({ metric: "roc_auc", against: 0.625, challenger: 1, folds: [0.5, 0.25], mean: 0.375 });
    expect(found.se).toBeCloseTo(0.125, 12);
    expect(aboveNoise(found)).toBe(true);
  });

  test("counts less loss as better", () => {
    const found = foldDifference({ task: "binary", metric: "log_loss" }, base, challenger);
    expect(found.mean).toBeCloseTo(found.against - found.challenger, 12);
    expect(found.mean).toBeGreaterThan(0);
  });

  test("isn't above its noise where the folds disagree about it", () => {
    expect(aboveNoise({ mean: 0.01, se: 0.02 })).toBe(false);
    expect(aboveNoise({ mean: 0, se: null })).toBe(false);
    expect(aboveNoise({ mean: -0.1, se: 0.02 })).toBe(false);
  });

  test("of other rows or other folds is refused", () => {
    const moved = { ...challenger, fold: [-1, 0, 0, 0, 1, 0, 1, 1, 1] };
    const shorter = { fold: base.fold.slice(1), label: base.label.slice(1), prediction: base.prediction };
    const relabelled = { ...challenger, label: challenger.label.map((label) => 1 - label) };
    for (const other of [moved, shorter, relabelled])
      expect(() => foldDifference({ task: "binary", metric: "roc_auc" }, base, other)).toThrow(
        expect.objectContaining({ code: "conflict" }),
      );
  });
});

test("two runs are equal when the same candidates finished in both", () => {
  const side = (settings: string[]) => ({ settings, skipped: [] }) as never;
  expect(unequal(side(["linear", "xgboost_deep"]), side(["xgboost_deep", "linear"]))).toBeNull();
  expect(unequal(side(["linear"]), side(["linear", "xgboost_deep"]))).toContain("xgboost_deep");
  expect(unequal(side(["linear", "xgboost_deep"]), side(["linear"]))).toContain("one side only");
});
