import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { planTest, type TestPlan, type Wanted } from "./plan.ts";
import { differenceSequence, halfWidth, type Moments, momentsOf, rhoFor } from "./sequence.ts";
import { judgeTest, type Side } from "./verdict.ts";

const wanted: Wanted = {
  ...{ measure: "outcome", better: "higher", binary: true, baseline: 0.5, deviation: 0.5, effect: 0.25 },
  ...{ power: 0.9, alpha: 0.05, share: 0.5, guardrails: { failures: 0.01, latency: 3, missing: 0.05 } },
};

describe("the sample size", () => {
  it("equals R's power.prop.test and the normal formula", () => {
    // power.prop.test(p1 = .50, p2 = .75, power = .90) of R: n = 76.7 a group (its help page); its formula in Python gives 76.70693, and 3840.847 for (.1, .12, .8).
    expect(planTest(wanted).entities.once).toBe(Math.ceil(2 * 76.70693));
    expect(planTest({ ...wanted, baseline: 0.1, effect: 0.02, power: 0.8 }).entities.once).toBe(
      Math.ceil(2 * 3840.847),
    );
    // 2 · (1.959964 + 0.841621)² / 0.5² = 62.791 a group of deviation 1.
    const means = planTest({ ...wanted, binary: false, deviation: 1, effect: 0.5, power: 0.8 });
    expect(means.entities.once).toBe(Math.ceil(2 * 62.791));
  });
  it("grows where the split is uneven, and for looking at any time", () => {
    const even = planTest({ ...wanted, baseline: 0.1, effect: 0.02 }).entities;
    const uneven = planTest({ ...wanted, baseline: 0.1, effect: 0.02, share: 0.1 }).entities;
    expect(uneven.once).toBeGreaterThan(2 * even.once);
    expect(even.sequence).toBeGreaterThan(even.once);
    expect(even.sequence).toBeLessThan(3 * even.once);
  });
  it.each([
    [{ effect: 0 }, "effect of 0"],
    [{ effect: -1 }, "effect"],
    [{ power: 1 }, "power"],
    [{ alpha: 0 }, "alpha"],
    [{ power: 0.04 }, "above alpha"],
    [{ baseline: 0.9, effect: 0.2 }, "can't move"],
    [{ baseline: 0.1, effect: 0.2, better: "lower" as const }, "can't move"],
  ])("refuses %j", (wrong, words) => {
    expect(() => planTest({ ...wanted, ...wrong })).toThrow(words);
  });
});

describe("the sequence", () => {
  it("has the width of its definition", () => {
    // Computed by hand: n = 100, σ = 1, ρ = 0.3, α = 0.05: √(2·10/(10⁴·0.09) · ln(√10/0.05)) = √(0.0222222·4.147025).
    expect(halfWidth({ n: 100, deviation: 1, alpha: 0.05, rho: 0.3 })).toBeCloseTo(0.303572, 5);
  });
  it("is about tightest where it was tuned for", () => {
    const at = (rho: number) => halfWidth({ n: 5000, deviation: 1, alpha: 0.05, rho });
    const tuned = at(rhoFor(5000, 0.05));
    for (const factor of [0.25, 0.5, 0.8, 1.25, 2, 4])
      expect(at(rhoFor(5000, 0.05) * factor)).toBeGreaterThan(0.999 * tuned);
  });
  it("errs in at most 5 % of tests of equal versions however often one looks; a test looked at once errs far more", () => {
    const random = seededRandom(11);
    const tests = 400;
    const rho = rhoFor(3000, 0.05);
    let [sequence, once] = [0, 0];
    for (let t = 0; t < tests; t++) {
      const sums = [
        { n: 0, hits: 0 },
        { n: 0, hits: 0 },
      ];
      const seen = { sequence: false, once: false };
      for (let i = 1; i <= 6000; i++) {
        const side = sums[random() < 0.3 ? 1 : 0]!;
        side.n++;
        if (random() < 0.1) side.hits++;
        if (i % 50 > 0 || Math.min(...sums.map(({ n, hits }) => Math.min(n / 10, hits))) < 10) continue;
        const [a, b] = sums.map(
          ({ n, hits }): Moments => ({ n, mean: hits / n, variance: ((hits / n) * (1 - hits / n) * n) / (n - 1) }),
        ) as [Moments, Moments];
        const { low, high } = differenceSequence(a, b, 0.05, rho);
        if (low > 0 || high < 0) seen.sequence = true;
        const z = (b.mean - a.mean) / Math.sqrt(a.variance / a.n + b.variance / b.n);
        if (Math.abs(z) > 1.96) seen.once = true;
      }
      sequence += Number(seen.sequence);
      once += Number(seen.once);
    }
    expect(sequence / tests).toBeLessThanOrEqual(0.05);
    expect(once / tests).toBeGreaterThan(0.2);
  });
});

describe("the verdict", () => {
  const plan: TestPlan = planTest({ ...wanted, baseline: 0.1, effect: 0.05, power: 0.8 });
  const side = (version: number, told: number, hits: number, more: Partial<Side> = {}): Side => ({
    ...{ version, assigned: told, matured: told, told, hits, runs: 100, failures: 0, rows: 1000, seconds: 1 },
    values: momentsOf(Float64Array.from({ length: told }, (_, i) => Number(i < hits))),
    ...more,
  });
  const judge = (live: Side, challenger: Side) => judgeTest(plan, { live, challenger, paired: null });

  it("checks the sample ratio before anything else, also before an outcome that seems clear", () => {
    const judged = judge(side(1, 3000, 300), side(2, 2600, 1000));
    expect(judged).toMatchObject({ verdict: "broken_split", difference: null, interval: null });
    expect(judged.splitP).toBeLessThan(0.001);
    expect(judge(side(1, 3000, 300), side(2, 2950, 1000)).verdict).toBe("challenger_better");
  });
  it("says no outcome yet without one, and that few say nothing", () => {
    const none = { told: 0, matured: 0, values: momentsOf([]), hits: 0, assigned: 500 };
    expect(judge(side(1, 0, 0, none), side(2, 0, 0, none))).toMatchObject({ verdict: "no_outcome_yet" });
    expect(judge(side(1, 60, 6), side(2, 60, 30)).verdict).toBe("too_few_yet");
    expect(judge(side(1, 600, 60), side(2, 600, 4)).verdict).toBe("too_few_yet");
  });
  it("tells better, worse, undecided and no difference that matters", () => {
    expect(judge(side(1, 3000, 300), side(2, 3000, 600))).toMatchObject({ verdict: "challenger_better" });
    expect(judge(side(1, 3000, 600), side(2, 3000, 300))).toMatchObject({ verdict: "challenger_worse" });
    expect(judge(side(1, 300, 30), side(2, 300, 36)).verdict).toBe("undecided");
    expect(judge(side(1, 30_000, 3000), side(2, 30_000, 3020)).verdict).toBe("no_difference");
    const judged = judge(side(1, 3000, 300), side(2, 3000, 600));
    expect(judged.difference).toBeCloseTo(0.1, 12);
    expect(judged.interval![0]).toBeGreaterThan(0);
  });
  it("stops at a guardrail: failures, latency, missing outcomes", () => {
    const good = () => side(1, 3000, 300);
    expect(judge(good(), side(2, 3000, 600, { failures: 20 })).reason).toContain("fails");
    expect(judge(good(), side(2, 3000, 600, { seconds: 9 })).reason).toContain("times as long");
    // One failure is chance; a run of tenths of a millisecond is never felt; parts of other sizes aren't slowness.
    expect(judge(good(), side(2, 3000, 600, { failures: 2 })).verdict).toBe("challenger_better");
    expect(judge(side(1, 3000, 300, { seconds: 0.01 }), side(2, 3000, 600, { seconds: 0.09 })).verdict).toBe(
      "challenger_better",
    );
    expect(judge(good(), side(2, 3000, 600, { rows: 100, seconds: 1.2 })).verdict).toBe("challenger_better");
    const missing = judge(good(), side(2, 2400, 480, { assigned: 3000, matured: 3000 }));
    expect(missing).toMatchObject({ verdict: "guardrail", interval: null });
    expect(missing.reason).toContain("missing");
  });
});
