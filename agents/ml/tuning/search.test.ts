import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import type { TrainingShape } from "../training/select-candidates.ts";
import { promoted, rungsOf } from "./halving.ts";
import { finalistsOf, runSearch, tunedCandidates } from "./run-search.ts";
import { nextWork, references, type SearchPlan, type TrialDone, type TrialWork, trialsOf } from "./search.ts";

const shape: TrainingShape = {
  ...{ task: "binary", rows: 5_000, numbers: 6, categories: 2, classes: 2, minority: 1_500, folds: 5 },
};
const plan: SearchPlan = { seed: 7, trials: 24, together: 9, shape, algorithms: ["xgboost", "random_forest"] };

/** A made-up truth: how good a setting is, and how each fold differs; no clock, no randomness. */
function scored(work: TrialWork): TrialDone {
  const { algorithm, point, trial, from, to } = work;
  const depth = Number(point.maxDepth ?? 4);
  const worth = { constant: 0.5, linear: 0.7, xgboost: 0.75, random_forest: 0.8 }[algorithm];
  const scores = Array.from({ length: to - from }, (_, i) => {
    const fold = from + i;
    const noise = seededRandom(1000 * trial + fold)() / 100;
    return worth - 0.05 * Math.log(depth / 12) ** 2 + fold / 50 + noise;
  });
  return { ...work, scores, cpuSeconds: 0.2 * (to - from), stopped: null };
}

const plenty = { cpuSeconds: 1_000, prior: () => 0.2 };
const all = async (works: TrialWork[]) => works.map(scored);

describe("the rungs of successive halving", () => {
  test("rise by three up to all folds, from enough rows to tell settings apart", () => {
    expect(rungsOf(5, 5_000)).toEqual([1, 5]);
    expect(rungsOf(5, 900)).toEqual([3, 5]);
    expect(rungsOf(10, 100_000)).toEqual([1, 3, 10]);
    expect(rungsOf(5, 100)).toEqual([5]);
    expect(rungsOf(1, 100_000)).toEqual([1]);
  });

  test("a third goes on, in its order; a failed one never", () => {
    const scores = [0.1, 0.9, null, 0.5, 0.9, 0.2];
    expect(promoted(scores.map((score, of) => ({ of, score })))).toEqual([1, 4]);
    expect(promoted([{ of: "only", score: 0.1 }])).toEqual(["only"]);
    expect(promoted([{ of: "failed", score: null }])).toEqual([]);
  });
});

describe("a search", () => {
  test("scores the references on every fold, and of each round only the best on all", async () => {
    const { done, ended } = await runSearch(plan, plenty, all);
    const states = trialsOf(done);
    expect(ended).toBe("trials");
    expect(states.length).toBe(references + plan.trials);
    expect(states.filter(({ scores }) => scores.length === 5).map(({ trial }) => trial)).toEqual(
      expect.arrayContaining([0, 1]),
    );
    const settings = states.filter(({ trial }) => trial >= references);
    const lengths = settings.slice(0, 9).map(({ scores }) => scores.length);
    expect(lengths.filter((n) => n === 1).length).toBe(6);
    expect(lengths.filter((n) => n === 5).length).toBe(3);
  });

  test("is the same for a seed whatever the order in which work ends, and another for another seed", async () => {
    const reversed = async (works: TrialWork[]) => works.map(scored).reverse();
    const points = async (own: SearchPlan, evaluate: typeof all) =>
      trialsOf((await runSearch(own, plenty, evaluate)).done).map(({ algorithm, point }) => ({ algorithm, point }));
    expect(await points(plan, reversed)).toEqual(await points(plan, all));
    expect(await points({ ...plan, seed: 8 }, all)).not.toEqual(await points(plan, all));
  });

  test("goes on after a crash as it would have without, at any moment", async () => {
    const { done } = await runSearch(plan, plenty, all);
    const order = (list: readonly TrialDone[]) =>
      trialsOf(list).map(({ trial, point, scores }) => [trial, point, scores]);
    for (const kept of [0, 1, 5, 12, 20, done.length - 1]) {
      // A crash keeps what was stored; of work side by side some may be missing.
      const stored = new Map(done.slice(0, kept).map((one) => [`${one.trial}/${one.from}`, one]));
      let computed = 0;
      const again = await runSearch(plan, plenty, async (works) =>
        works.map((work) => {
          const held = stored.get(`${work.trial}/${work.from}`);
          if (!held) computed++;
          return held ?? scored(work);
        }),
      );
      expect(order(again.done)).toEqual(order(done));
      expect(computed).toBe(done.length - kept);
    }
  });

  test("a round of which some is known already is proposed as it was: from the rounds before it alone", async () => {
    const { done } = await runSearch(plan, plenty, all);
    const second = done.filter(({ trial, from }) => trial >= references + 9 && trial < references + 18 && from === 0);
    const first = done.filter(({ trial }) => trial < references + 9);
    const points = (works: readonly TrialWork[]) =>
      works.map(({ trial, algorithm, point }) => ({ trial, algorithm, point }));
    for (const known of [1, 4, 8])
      expect(points(nextWork(plan, [...first, ...second.slice(0, known)]))).toEqual(points(second.slice(known)));
  });

  test("the untuned settings are tried first, so that tuning isn't worse than none", () => {
    const first = nextWork(plan, []);
    expect(first.slice(0, 2).map(({ algorithm }) => algorithm)).toEqual(["constant", "linear"]);
    expect(
      first
        .slice(2, 7)
        .map(({ algorithm }) => algorithm)
        .sort(),
    ).toEqual([...["random_forest", "random_forest", "xgboost", "xgboost", "xgboost"]]);
  });

  test("more of the better algorithm is tried later", async () => {
    const { done } = await runSearch({ ...plan, trials: 45 }, plenty, all);
    const later = trialsOf(done).filter(({ trial }) => trial >= references + 18);
    const forests = later.filter(({ algorithm }) => algorithm === "random_forest").length;
    expect(forests).toBeGreaterThan(later.length / 2);
  });

  test("finds better settings than as many drawn at random", async () => {
    const { done } = await runSearch({ ...plan, trials: 45 }, plenty, all);
    const best = finalistsOf(plan, trialsOf(done))[0]!;
    expect(best.algorithm).toBe("random_forest");
    expect(Math.abs(Math.log(Number(best.point.maxDepth) / 12))).toBeLessThan(0.35);
  });
});

describe("what a search puts forward", () => {
  test("references, and the best finished setting of each algorithm; an algorithm without one keeps its untuned settings", async () => {
    const { done } = await runSearch(plan, plenty, all);
    const names = tunedCandidates(plan, trialsOf(done)).map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(["constant", "linear"]);
    expect(names).toContain("random_forest_tuned");
    const none = done.filter(({ algorithm, from }) => algorithm !== "xgboost" || from === 0);
    expect(tunedCandidates(plan, trialsOf(none)).map(({ name }) => name)).toEqual([
      ...["constant", "linear", "random_forest_tuned", "xgboost_shallow", "xgboost_pairs", "xgboost_deep"],
    ]);
  });

  test("a setting that was scored on fewer folds is never ranked beside a finished one, however well it did", async () => {
    const { done } = await runSearch(plan, plenty, all);
    const shining = done.map((one) => (one.to === 1 && one.trial === 9 ? { ...one, scores: [0.999] } : one));
    const states = trialsOf(shining);
    expect(states.find(({ trial }) => trial === 9)!.scores.length).toBe(1);
    expect(finalistsOf(plan, states).map(({ trial }) => trial)).not.toContain(9);
  });

  test("a setting that was stopped has no place either", async () => {
    const { done } = await runSearch(plan, plenty, async (works) =>
      works.map(scored).map((one) => (one.trial === 3 ? { ...one, scores: [], stopped: "over_budget" } : one)),
    );
    expect(finalistsOf(plan, trialsOf(done)).map(({ trial }) => trial)).not.toContain(3);
    expect(done.filter(({ trial }) => trial === 3).length).toBe(1);
  });
});
