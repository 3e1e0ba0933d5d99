import { describe, expect, test } from "vitest";
import { allotments, expectedCost, finalCost, spentOf } from "./budget.ts";
import { runSearch } from "./run-search.ts";
import { type SearchPlan, type TrialDone, type TrialWork, trialsOf } from "./search.ts";

const plan: SearchPlan = {
  ...{ seed: 1, trials: 60, together: 9, algorithms: ["xgboost", "random_forest"] },
  shape: { task: "binary", rows: 5_000, numbers: 6, categories: 0, classes: 2, minority: 1_500, folds: 5 },
};
const prior = () => 0.5;

/** Work that takes so many seconds a fold, or is stopped at its limit. */
const taking =
  (seconds: (work: TrialWork) => number) =>
  async (works: (TrialWork & { cpuSecondsLimit: number })[]): Promise<TrialDone[]> =>
    works.map(({ cpuSecondsLimit, ...work }) => {
      const wanted = seconds(work) * (work.to - work.from);
      const scores = Array.from({ length: work.to - work.from }, () => 0.7 + work.trial / 1000);
      return wanted > cpuSecondsLimit
        ? { ...work, scores: [], cpuSeconds: cpuSecondsLimit, stopped: "over_budget" }
        : { ...work, scores, cpuSeconds: wanted, stopped: null };
    });

describe("a budget", () => {
  test.each([20, 40, 100, 300])("of %i CPU seconds holds search and final training together", async (cpuSeconds) => {
    const searched = await runSearch(
      plan,
      { cpuSeconds, prior },
      taking(({ trial }) => 0.2 + (trial % 5) / 5),
    );
    expect(searched.spent).toBeLessThanOrEqual(cpuSeconds);
    expect(searched.left).toBeGreaterThanOrEqual(
      finalCost(trialsOf(searched.done), 5, ["linear", ...plan.algorithms], prior),
    );
    expect(searched.ended).toBe(cpuSeconds < 300 ? "budget" : "trials");
  });

  test("holds a trial that turns out far dearer than any before it", async () => {
    const searched = await runSearch(
      plan,
      { cpuSeconds: 60, prior },
      taking(({ trial }) => (trial === 15 ? 500 : 0.2)),
    );
    expect(searched.spent).toBeLessThanOrEqual(60);
    expect(searched.done.find(({ trial }) => trial === 15)?.stopped).toBe("over_budget");
  });

  test("too small for the first trials begins none", async () => {
    const searched = await runSearch(
      plan,
      { cpuSeconds: 3, prior },
      taking(() => 0.2),
    );
    expect(searched).toMatchObject({ done: [], ended: "budget", spent: 0, left: 3 });
  });
});

describe("what is expected", () => {
  const done: TrialDone[] = [
    {
      trial: 0,
      algorithm: "constant",
      point: {},
      from: 0,
      to: 5,
      scores: [0, 0, 0, 0, 0],
      cpuSeconds: 0,
      stopped: null,
    },
    { trial: 1, algorithm: "linear", point: {}, from: 0, to: 5, scores: [1, 1, 1, 1, 1], cpuSeconds: 1, stopped: null },
    { trial: 2, algorithm: "xgboost", point: {}, from: 0, to: 1, scores: [1], cpuSeconds: 2, stopped: null },
    { trial: 3, algorithm: "xgboost", point: {}, from: 0, to: 1, scores: [1], cpuSeconds: 4, stopped: null },
  ];
  const states = trialsOf(done);
  const work = (trial: number, algorithm: TrialWork["algorithm"], folds: number): TrialWork => ({
    ...{ trial, algorithm, point: {}, from: 0, to: folds },
  });

  test("of a trial: its own folds, else its algorithm's, else what was supposed", () => {
    expect(expectedCost(work(3, "xgboost", 2), states, prior)).toBe(8);
    expect(expectedCost(work(9, "xgboost", 2), states, prior)).toBe(6);
    expect(expectedCost(work(9, "random_forest", 2), states, prior)).toBe(1);
  });

  test("of the final training: each algorithm's dearest on every fold and refitted, with a quarter more", () => {
    // 2 + 1.25 × (5 + 5 / 4) × (0.2 + 4) = 34.8125
    expect(finalCost(states, 5, ["linear", "xgboost"], prior)).toBeCloseTo(34.8125, 9);
    // A forest was never tried: six and a quarter more fits of half a second.
    expect(finalCost(states, 5, ["xgboost", "random_forest"], prior)).toBeCloseTo(34.8125 + 1.25 * 6.25 * 0.5, 9);
  });

  test("all that is left is dealt out by what each needs, and never more", () => {
    const works = [work(2, "xgboost", 1), work(3, "xgboost", 1)];
    const dealt = allotments(works, done, { limit: 100, reserve: 33, prior })!;
    expect(dealt[1]! / dealt[0]!).toBeCloseTo(2, 9);
    expect(dealt[0]! + dealt[1]! + spentOf(done) + 33).toBeCloseTo(100, 9);
    expect(allotments(works, done, { limit: 100, reserve: 90, prior })).toBeNull();
  });
});
