import { describe, expect, it } from "vitest";
import { benjaminiHochberg, holm } from "./correction.ts";
import { clopperPearson, wilson } from "./proportion.ts";
import { sorted } from "./sort.ts";
import { chiSquareTest, homogeneityTest, ksTest, proportionsTest } from "./tests.ts";

// Expected values: scipy 1.17.1 on the same formulas.
const series = (n: number, of: (k: number) => number) => sorted(Array.from({ length: n }, (_, i) => of(i + 1)));
const a = series(40, (k) => Math.sin(k * 1.7) * 3 + k * 0.05);
const b = series(30, (k) => Math.sin(k * 2.3) * 3 + 0.8);

describe("tests agree with scipy", () => {
  it("Kolmogorov–Smirnov, exact", () => {
    const plain = ksTest(a, b);
    expect(plain.statistic).toBeCloseTo(0.1, 14);
    expect(plain.pValue).toBeCloseTo(0.9899269956492308, 12);
    const strong = ksTest(
      series(200, (k) => Math.cos(k * 1.1)),
      series(150, (k) => Math.cos(k * 1.3) + 0.35),
    );
    expect(strong.statistic).toBeCloseTo(0.275, 14);
    expect(Math.abs(strong.pValue / 3.4902595401446424e-6 - 1)).toBeLessThan(1e-9);
  });
  it("Kolmogorov–Smirnov with ties (numpy rounds half to even)", () => {
    const even = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
    const tied = ksTest(a.map(even).sort(), b.map(even).sort());
    expect(tied.statistic).toBeCloseTo(0.075, 14);
    expect(tied.pValue).toBeCloseTo(0.9998622790200693, 12);
  });
  it("chi-square", () => {
    const test = chiSquareTest([15, 10, 45, 30], [10, 20, 30, 40]);
    expect(test.statistic).toBeCloseTo(17.5, 12);
    expect(test.pValue).toBeCloseTo(0.0005576414881366014, 14);
    const two = homogeneityTest([10, 20, 30, 40], [15, 10, 45, 30]);
    expect(two.statistic).toBeCloseTo(8.761904761904763, 12);
    expect(two.pValue).toBeCloseTo(0.032629850001443354, 13);
    expect(chiSquareTest([1, 9], [0, 10]).pValue).toBe(0);
  });
  it("two proportions", () => {
    const test = proportionsTest(40, 100, 75, 150);
    expect(test.statistic).toBeCloseTo(-1.5541746804005223, 12);
    expect(test.pValue).toBeCloseTo(0.12014275531623901, 12);
    expect(proportionsTest(0, 10, 0, 20).pValue).toBe(1);
  });
  it("corrections for many tests", () => {
    const p = [0.01, 0.04, 0.03, 0.005, 0.5];
    const close = (values: Float64Array, expected: number[]) =>
      expected.forEach((e, i) => {
        expect(values[i]).toBeCloseTo(e, 14);
      });
    close(benjaminiHochberg(p), [0.025, 0.05, 0.05, 0.025, 0.5]);
    close(holm(p), [0.04, 0.09, 0.09, 0.025, 0.5]);
  });
  it("intervals of a proportion", () => {
    const exact = clopperPearson(7, 20);
    expect(exact.low).toBeCloseTo(0.1539092047845412, 10);
    expect(exact.high).toBeCloseTo(0.5921885345328283, 10);
    expect(clopperPearson(0, 15).low).toBe(0);
    expect(clopperPearson(0, 15).high).toBeCloseTo(0.2180193609108388, 10);
    expect(clopperPearson(15, 15).low).toBeCloseTo(0.7819806390891612, 10);
    const score = wilson(7, 20);
    expect(score.low).toBeCloseTo(0.1811918241010821, 12);
    expect(score.high).toBeCloseTo(0.5671457233147637, 12);
    expect(wilson(0, 15).high).toBeCloseTo(0.20388330103584862, 12);
  });
});
