import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { bootstrapIntervals, denseClusters } from "./bootstrap.ts";
import { permutationNull, permutationP } from "./permutation.ts";

const weightedMean = (values: ArrayLike<number>) => (weights: Int32Array) => {
  let sum = 0;
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]! * weights[i]!;
    n += weights[i]!;
  }
  return { mean: sum / n };
};

describe("bootstrap intervals", () => {
  it("of a mean agree with the normal interval on many rows", () => {
    const random = seededRandom(11);
    const values = Array.from({ length: 2000 }, () => normal(random));
    const mean = values.reduce((a, b) => a + b) / 2000;
    const sd = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / 2000);
    const { mean: interval } = bootstrapIntervals(
      { rows: 2000, clusters: null, repetitions: 2000, random },
      weightedMean(values),
    );
    const half = (1.96 * sd) / Math.sqrt(2000);
    expect(interval.value).toBeCloseTo(mean, 12);
    expect(Math.abs(interval.low - (mean - half))).toBeLessThan(0.12 * half);
    expect(Math.abs(interval.high - (mean + half))).toBeLessThan(0.12 * half);
  });
  it("by BCa agree with scipy on a skewed sample", () => {
    // scipy 1.17.1 stats.bootstrap(mean, method="BCa", n_resamples=300_000), and its percentile method.
    const values = Array.from({ length: 25 }, (_, i) => Math.exp(2 * Math.sin((i + 1) * 1.3)));
    const by = (method: "bca" | "percentile") =>
      bootstrapIntervals(
        { rows: 25, clusters: null, repetitions: 20_000, random: seededRandom(3) },
        weightedMean(values),
        { method },
      ).mean;
    expect(Math.abs(by("bca").low - 1.5321)).toBeLessThan(0.03);
    expect(Math.abs(by("bca").high - 3.5604)).toBeLessThan(0.05);
    expect(Math.abs(by("percentile").low - 1.4642)).toBeLessThan(0.03);
    expect(Math.abs(by("percentile").high - 3.4663)).toBeLessThan(0.05);
  });
  it("grow where the rows of an entity repeat each other", () => {
    const random = seededRandom(5);
    const ids = Array.from({ length: 1000 }, (_, i) => `e${Math.floor(i / 20)}`);
    const ofEntity = Array.from({ length: 50 }, () => normal(random));
    const values = ids.map((_, i) => ofEntity[Math.floor(i / 20)]!);
    const width = (clusters: Int32Array | null) => {
      const { mean } = bootstrapIntervals({ rows: 1000, clusters, repetitions: 500, random }, weightedMean(values));
      return mean.high - mean.low;
    };
    expect(width(denseClusters(ids)) / width(null)).toBeGreaterThan(3.5);
  });
  it("refuse a statistic that most resamples leave undefined", () => {
    expect(() =>
      bootstrapIntervals({ rows: 3, clusters: null, repetitions: 50, random: seededRandom(1) }, (weights) => ({
        all: weights.every((w) => w === 1) ? 1 : Number.NaN,
      })),
    ).toThrow(expect.objectContaining({ code: "unfit" }));
  });

  it("of a single cluster is that of its rows: drawn as a whole it would have no width", () => {
    const random = seededRandom(5);
    const values = Float64Array.from({ length: 60 }, () => normal(random));
    const mean = (weights: Int32Array) => ({
      mean: values.reduce((sum, value, i) => sum + value * weights[i]!, 0) / weights.reduce((sum, w) => sum + w, 0),
    });
    for (const method of ["percentile", "bca"] as const) {
      const of = (clusters: Int32Array | null) =>
        bootstrapIntervals({ rows: 60, clusters, repetitions: 200, random: seededRandom(1) }, mean, { method }).mean;
      expect(of(new Int32Array(60))).toEqual(of(null));
      expect(of(null).high - of(null).low).toBeGreaterThan(0.2);
    }
  });
});

describe("the permutation null", () => {
  it("chooses every row equally often and each once", () => {
    const seen = new Int32Array(20);
    permutationNull({ a: 15, b: 5 }, 4000, seededRandom(9), (chosen) => {
      expect(new Set(chosen).size).toBe(5);
      for (const row of chosen) seen[row]! += 1;
      return [0];
    });
    for (const n of seen) expect(Math.abs(n - 1000)).toBeLessThan(120);
  });
  it("gives p-values that are never 0", () => {
    expect(permutationP(9, [1, 2, 3])).toBe(0.25);
    expect(permutationP(2, [1, 2, 3])).toBe(0.75);
  });
});
