import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { canaryJudge, canaryWatch, type Seen, usualLimits, usualShift } from "./canary.ts";
import { type ScorePair, shiftWatch } from "./score-shift.ts";
import { shareEvidence, shareP } from "./share-evidence.ts";

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const limits = usualLimits(true);
const fine: Seen = { failed: false, slow: false, scores: [] };

/** The request in which a version loses its traffic, null where it keeps it; both score a row of each request, as of the first 500. */
function lostAt(requests: number, see: (request: number) => Seen, of = limits): number | null {
  const watch = canaryWatch(2, of);
  for (let request = 1; request <= requests; request++) {
    watch.request();
    if (watch.saw(see(request)) !== null) return request;
  }
  return null;
}
const scored = (entity: number, ...pairs: ScorePair[]): Seen => ({
  ...{ failed: false, slow: false },
  scores: [{ entity: `e${entity}`, pairs }],
});

describe("the evidence for a share above a bound", () => {
  it("is the mean likelihood ratio over the shares above it", () => {
    // By the midpoint rule; and by hand, 5 of 5 against a half: (1 − 2⁻⁶)/6 · 2 · 2⁵ = 10.5.
    let sum = 0;
    const steps = 200_000;
    for (let i = 0; i < steps; i++) {
      const p = 0.2 + (0.8 * (i + 0.5)) / steps;
      sum += p ** 3 * (1 - p) ** 7;
    }
    expect(Math.exp(shareEvidence(3, 10, 0.2))).toBeCloseTo(sum / steps / (0.2 ** 3 * 0.8 ** 7), 8);
    expect(Math.exp(shareEvidence(5, 5, 0.5))).toBeCloseTo(10.5, 10);
  });
  it("ever reaches 1/α with chance α at most, at the bound itself and looked at after every trial", () => {
    const random = seededRandom(5);
    const runs = 2000;
    let reached = 0;
    for (let run = 0; run < runs; run++) {
      let hits = 0;
      for (let n = 1; n <= 500; n++) {
        if (random() < 0.05) hits++;
        if (hits > 0.05 * n && shareEvidence(hits, n, 0.05) > Math.log(20)) {
          reached++;
          break;
        }
      }
    }
    // 5 % wanted; of 2,000 runs 5 % ± 1 % at two standard errors.
    expect(reached / runs).toBeLessThan(0.06);
    expect(reached / runs).toBeGreaterThan(0.005);
  });
});

describe("the check of a sample's ratio", () => {
  it("is the likelihood of the planned share against the mean over all shares", () => {
    // By hand: 3 of 3 at a half: 2⁻³ against ∫ p³ dp = 1/4; 1 of 2: 1/4 against ∫ p(1 − p) dp = 1/6, which speaks for the half.
    expect(shareP(3, 3, 0.5)).toBeCloseTo(0.5, 12);
    expect(shareP(1, 2, 0.5)).toBe(1);
  });
  it("rarely finds a ratio broken that isn't, however often one looks; a test looked at once does far more often", () => {
    const random = seededRandom(2);
    const runs = 1500;
    let [always, once] = [0, 0];
    for (let run = 0; run < runs; run++) {
      let hits = 0;
      const seen = { always: false, once: false };
      for (let n = 1; n <= 1000; n++) {
        if (random() < 0.2) hits++;
        if (shareP(hits, n, 0.2) < 0.05) seen.always = true;
        if (n >= 50 && Math.abs(hits - 0.2 * n) > 1.96 * Math.sqrt(0.16 * n)) seen.once = true;
      }
      always += Number(seen.always);
      once += Number(seen.once);
    }
    expect(always / runs).toBeLessThan(0.05);
    expect(once / runs).toBeGreaterThan(0.2);
  }, 20_000);
});

describe("the shift of paired scores", () => {
  it("is the difference of the log-odds of both means, its deviation by the delta method", () => {
    const random = seededRandom(3);
    const pairs = Array.from({ length: 400 }, (): ScorePair => {
      const z = normal(random);
      return [logistic(z - 2), logistic(z - 1 + 0.5 * normal(random))];
    });
    const watch = shiftWatch();
    for (const pair of pairs) watch.add(pair);
    const { n, live, challenger, distance, half } = watch.odds(0.01);
    const mean = (k: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[k], 0) / n;
    expect([live, challenger]).toEqual([expect.closeTo(mean(0), 12), expect.closeTo(mean(1), 12)]);
    const odds = (p: number) => Math.log(p / (1 - p));
    expect(distance).toBeCloseTo(odds(mean(1)) - odds(mean(0)), 1);
    // The same by leaving out one pair at a time (jackknife).
    const [p, q] = [mean(0), mean(1)];
    const left = pairs.map(([a, b]) => odds((n * q - b) / (n - 1)) - odds((n * p - a) / (n - 1)));
    const middle = left.reduce((sum, one) => sum + one, 0) / n;
    const error = Math.sqrt(((n - 1) / n) * left.reduce((sum, one) => sum + (one - middle) ** 2, 0));
    const sequence = half / (error * Math.sqrt(n));
    const again = watch.deviations(0.01, 1);
    const differences = pairs.map(([a, b]) => b - a);
    const average = differences.reduce((sum, one) => sum + one, 0) / n;
    const spread = Math.sqrt(differences.reduce((sum, one) => sum + (one - average) ** 2, 0) / (n - 1));
    expect(again.distance).toBeCloseTo(average, 12);
    expect(sequence / (again.half / spread)).toBeCloseTo(1, 1);
  });
});

describe("a version beside the live one loses its traffic within 500 requests", () => {
  const random = seededRandom(1);
  it.each<[string, () => Seen]>([
    ["fails always", () => ({ failed: true, slow: null, scores: [] })],
    ["fails one request in ten", () => ({ ...fine, failed: random() < 0.1 })],
    ["is slow for most", () => ({ ...fine, slow: random() < 0.8 })],
  ])("where it %s", (_, see) => {
    expect(lostAt(500, see)).toBeGreaterThanOrEqual(10);
  });
  const z = () => normal(random);
  it.each<[string, (z: number, e: number) => number]>([
    ["two and a half times the odds", (z, e) => logistic(z + 0.3 * e - 2 + Math.log(2.5))],
    ["four times the odds, without any likeness", (_, e) => logistic(e - 2 + Math.log(4))],
    ["nothing but 0", () => 0],
    ["the other class", (z) => 1 - logistic(z - 2)],
  ])("where it gives %s", (_, other) => {
    let entity = 0;
    const at = lostAt(500, () => {
      const [of, e] = [z(), z()];
      return scored(entity++, [logistic(of - 2), other(of, e)]);
    });
    expect(at).not.toBeNull();
  });
  it("where its numbers are in another unit, or are always the same", () => {
    const numbers = { ...limits, shift: usualShift(false) };
    const see = (other: (y: number) => number) => (request: number) => {
      const y = 40 + 10 * z();
      return scored(request, [y, other(y)]);
    };
    for (const other of [(y: number) => y / 60, () => 0, (y: number) => 1000 * y])
      expect(lostAt(500, see(other), numbers)).toBeLessThanOrEqual(60);
    expect(
      lostAt(
        3000,
        see((y) => y + 3 + 5 * z()),
        numbers,
      ),
    ).toBeNull();
  });
  it("also where it turns bad after thousands of good requests", () => {
    for (const bad of [
      (): Seen => ({ ...fine, failed: true }),
      (): Seen => ({ ...fine, slow: true }),
      (request: number) => scored(request, [0.1 + 0.02 * z(), 0.5]),
    ]) {
      const turned = 4100;
      const at = lostAt(5000, (request) =>
        request < turned ? scored(request, [0.1, 0.1 + 0.02 * z()]) : bad(request),
      );
      expect(at! - turned).toBeGreaterThanOrEqual(0);
      expect(at! - turned).toBeLessThan(500);
    }
  });
  it("says what it saw", () => {
    const judge = canaryJudge(7, limits, 0.001);
    for (let i = 0; i < 60; i++) judge.saw(scored(i, [0.1, 0.6]));
    expect(judge.harm()).toMatch(
      /^version 7 scores 0\.6 on average where the live version scores 0\.1, .* 60 entities/,
    );
    const few = canaryJudge(7, limits, 0.001);
    for (let i = 0; i < 9; i++) few.saw({ ...fine, failed: true });
    expect(few.harm()).toBeNull();
    few.saw({ ...fine, failed: true });
    expect(few.harm()).toBe("version 7 fails 10 of 10 requests that the live version answers");
    // One entity asked about again and again is one entity.
    const one = canaryJudge(7, limits, 0.001);
    for (let i = 0; i < 500; i++) one.saw(scored(1, [0.1, 0.6]));
    expect(one.harm()).toBeNull();
  });
});

describe("a good version never loses its traffic", () => {
  it("in 1,200 of 1,200 that differ as honest models do, over 100 to 3,000 requests each", () => {
    const kinds: [string, (z: number, e: number) => ScorePair][] = [
      ["the same but for noise", (z, e) => [logistic(z - 2), logistic(z + 0.5 * e - 2)]],
      ["sharper", (z, e) => [logistic(0.4 * z - 2), logistic(1.3 * z + 0.3 * e - 2.3)]],
      ["another base rate", (z, e) => [logistic(z - 2), logistic(z + 0.3 * e - 2 + Math.log(1.5))]],
      ["rare, with little likeness", (z, e) => [logistic(1.5 * z - 5.5), logistic(0.5 * z + 1.3 * e - 5.5)]],
    ];
    const lost: string[] = [];
    for (let run = 0; run < 1200; run++) {
      const random = seededRandom(run + 1);
      const [what, pair] = kinds[run % kinds.length]!;
      const requests = [100, 400, 1000, 3000][Math.floor(run / kinds.length) % 4]!;
      // It fails and is slow now and then, as what it stands beside does.
      const at = lostAt(requests, (request) => ({
        ...scored(request, pair(normal(random), normal(random))),
        ...{ failed: random() < 0.005, slow: random() < 0.3 },
      }));
      if (at !== null) lost.push(`${what}, run ${run}, request ${at}`);
    }
    expect(lost).toEqual([]);
  }, 60_000);
});
