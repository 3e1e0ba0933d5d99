import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { references, type SearchPlan, type TrialState } from "./search.ts";
import { enoughDraws, sufficientBudget } from "./sufficient.ts";

const plan: SearchPlan = {
  ...{ seed: 1, trials: 40, together: 9, algorithms: ["xgboost", "random_forest"] },
  shape: { task: "binary", rows: 5_000, numbers: 6, categories: 0, classes: 2, minority: 1_500, folds: 5 },
};

describe("how many draws are enough", () => {
  test("of even numbers in 0..1: the best of k is expected at k / (k + 1), so the gain of a doubling is known", () => {
    // From k to 2k: 2k / (2k + 1) − k / (k + 1), below 0.02 first at k = 32 of powers of two (0.0149), 0.0285 at 16.
    const estimates = Array.from({ length: 40 }, (_, seed) => {
      const random = seededRandom(seed);
      return enoughDraws(
        Array.from({ length: 32 }, () => random()),
        0.02,
      ).trials;
    }).sort((a, b) => a - b);
    expect(estimates[20]).toBeGreaterThanOrEqual(16);
    expect(estimates[20]).toBeLessThanOrEqual(64);
  });

  test("a finer measure asks for more, a coarser for less", () => {
    const random = seededRandom(3);
    const scores = Array.from({ length: 40 }, () => random());
    const asked = [0.3, 0.03, 0.003].map((noise) => enoughDraws(scores, noise).trials);
    expect(asked[0]).toBeLessThan(asked[1]!);
    expect(asked[1]).toBeLessThan(asked[2]!);
  });

  test("where all are the same, one is enough", () => {
    const { trials, gain } = enoughDraws(
      Array.from({ length: 16 }, () => 0.8),
      0.001,
    );
    expect(trials).toBe(1);
    expect(gain).toBeCloseTo(0, 12);
  });
});

describe("the budget of a search", () => {
  const setting = (trial: number, folds: number, score: number): TrialState => {
    const random = seededRandom(trial);
    const scores = Array.from({ length: folds }, () => score + random() / 200);
    return { trial, algorithm: "xgboost", point: {}, scores, cpuSeconds: folds, stopped: null };
  };
  const reference: TrialState = {
    ...{ trial: 1, algorithm: "linear", point: {}, scores: [0.7, 0.7, 0.7, 0.7, 0.7], cpuSeconds: 3, stopped: null },
  };
  const random = seededRandom(9);
  const settings = Array.from({ length: 18 }, (_, i) =>
    setting(references + i, i % 6 === 0 ? 5 : 1, 0.8 + random() / 20),
  );

  test("is of settings at what they took, the references and the final training", () => {
    const { necessary, sufficient, gain, noise } = sufficientBudget(plan, [reference, ...settings], 10);
    // 3 settings on five folds and 15 on one, at a second a fold: 30 seconds for 18.
    expect(necessary).toEqual({ trials: 9, cpuSeconds: 3 + 9 * (30 / 18) + 10 });
    expect(sufficient!.cpuSeconds).toBeCloseTo(3 + sufficient!.trials * (30 / 18) + 10, 9);
    expect(sufficient!.trials).toBeGreaterThanOrEqual(9);
    expect(gain).toBeGreaterThan(0);
    expect(noise).toBeGreaterThan(0);
  });

  test("isn't said before enough were tried", () => {
    expect(sufficientBudget(plan, [reference, ...settings.slice(0, 5)], 10).sufficient).toBeNull();
    expect(sufficientBudget(plan, [], 10)).toMatchObject({ sufficient: null, gain: null, noise: null });
  });
});
