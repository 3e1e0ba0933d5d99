import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { pearson, spearman } from "./correlation.ts";
import { jensenShannon, ksDistance, psi, totalVariation, wasserstein } from "./distance.ts";
import { binOf, countBins, equalFrequencyEdges, quantile } from "./quantile.ts";
import { sorted } from "./sort.ts";

// Expected values: scipy 1.17.1 and numpy 2.4.6 on the same formulas.
const rawA = Array.from({ length: 40 }, (_, i) => Math.sin((i + 1) * 1.7) * 3 + (i + 1) * 0.05);
const rawB = Array.from({ length: 30 }, (_, i) => Math.sin((i + 1) * 2.3) * 3 + 0.8);
const a = sorted(rawA);
const b = sorted(rawB);

describe("distances agree with scipy", () => {
  it("Wasserstein", () => {
    expect(wasserstein(a, b)).toBeCloseTo(0.28071255968555786, 13);
    expect(wasserstein(Float64Array.of(0, 0), Float64Array.of(3))).toBe(3);
  });
  it("Jensen–Shannon in base 2 and base e", () => {
    expect(jensenShannon([10, 20, 30, 40], [15, 10, 45, 30])).toBeCloseTo(0.1787469721491927, 14);
    expect(jensenShannon([10, 20, 30, 40], [15, 10, 45, 30], Math.E)).toBeCloseTo(0.14881661589328696, 14);
    expect(jensenShannon([5, 0, 5], [0, 5, 5])).toBeCloseTo(Math.SQRT1_2, 14);
    expect(jensenShannon([3, 0], [0, 9])).toBe(1);
  });
  it("the population stability index over the reference's deciles", () => {
    expect(psi(a, b)).toBeCloseTo(0.08419095481027516, 13);
  });
  it("total variation is the share of rows that would have to move", () => {
    expect(totalVariation([80, 20], [3, 2])).toBeCloseTo(0.2, 14);
  });
  it("Kolmogorov–Smirnov sees a value that stands for missing rows", () => {
    const of = (missing: number) =>
      sorted(Array.from({ length: 100 }, (_, i) => (i < missing ? Number.NEGATIVE_INFINITY : i)));
    expect(ksDistance(of(0), of(30))).toBeCloseTo(0.3, 14);
  });
  it("refuse an empty side", () => {
    expect(() => wasserstein(a, new Float64Array(0))).toThrow(expect.objectContaining({ code: "unfit" }));
    expect(() => jensenShannon([0, 0], [1, 2])).toThrow(expect.objectContaining({ code: "unfit" }));
  });
});

describe("order", () => {
  it("a big sort equals the typed sort, negative numbers and infinities included", () => {
    const random = seededRandom(7);
    const values = Float64Array.from({ length: 30_000 }, (_, i) =>
      i % 5000 === 0 ? Number.NEGATIVE_INFINITY : normal(random) * 10 ** ((i % 13) - 6),
    );
    values[17] = Number.POSITIVE_INFINITY;
    expect(sorted(values)).toEqual(Float64Array.from(values).sort());
  });
  it("a big sort refuses missing values", () => {
    const values = new Float64Array(30_000);
    values[5] = Number.NaN;
    expect(() => sorted(values)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });
  it("quantiles and correlations agree with numpy and scipy", () => {
    expect(quantile(a, 0.37)).toBeCloseTo(0.05855472951876397, 13);
    expect(pearson(rawA.slice(0, 30), rawB)).toBeCloseTo(-0.04600584410653029, 13);
    const even = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
    expect(spearman(rawA.slice(0, 30).map(even), rawB.map(even))).toBeCloseTo(-0.04155728816575318, 13);
  });
  it("bins count every value once, heavy values leave fewer bins", () => {
    const heavy = sorted([0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
    const edges = equalFrequencyEdges(heavy, 10);
    const counts = countBins(edges, heavy);
    expect(counts.reduce((x, y) => x + y)).toBe(10);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    for (const v of heavy) expect(counts[binOf(edges, v)]).toBeGreaterThan(0);
  });
});
