import { describe, expect, it } from "vitest";
import {
  betaLower,
  betaQuantile,
  chiSquareSurvival,
  normalCdf,
  normalQuantile,
  normalSurvival,
  studentCdf,
  studentQuantile,
} from "./distributions.ts";
import { kolmogorovSurvival, ksExactSurvival, ksSurvival } from "./kolmogorov.ts";

const relative = (value: number, expected: number) => Math.abs(value / expected - 1);

// Expected values: scipy 1.17.1 (stats.chi2, norm, beta, t, kstwo; special.betainc, kolmogorov).
describe("distribution functions agree with scipy", () => {
  it("chi-square", () => {
    expect(relative(chiSquareSurvival(3.84, 1), 0.05004352124870519)).toBeLessThan(1e-12);
    expect(relative(chiSquareSurvival(40, 10), 1.694474393006737e-5)).toBeLessThan(1e-11);
    expect(relative(chiSquareSurvival(120.5, 100), 0.07966860332541578)).toBeLessThan(1e-11);
    expect(relative(chiSquareSurvival(0.5, 4), 0.9735009788392561)).toBeLessThan(1e-12);
  });
  it("normal", () => {
    expect(normalCdf(1.96)).toBeCloseTo(0.9750021048517795, 13);
    expect(relative(normalSurvival(8), 6.22096057427174e-16)).toBeLessThan(1e-11);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 11);
    expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 9);
  });
  it("beta and Student's t", () => {
    expect(betaLower(0.4, 2.5, 3.5)).toBeCloseTo(0.4869041915261176, 12);
    expect(betaQuantile(0.025, 3, 8)).toBeCloseTo(0.06673951117773447, 11);
    expect(studentCdf(-1.3, 4)).toBeCloseTo(0.13172579823561206, 12);
    expect(studentQuantile(0.999, 7)).toBeCloseTo(4.785289628638333, 9);
    expect(studentQuantile(0.9995, 200)).toBeCloseTo(3.3398354062757107, 9);
  });
  it("Kolmogorov's limit", () => {
    expect(relative(kolmogorovSurvival(0.5), 0.9639452436648751)).toBeLessThan(1e-12);
    expect(relative(kolmogorovSurvival(1.2), 0.11224966667072497)).toBeLessThan(1e-12);
    expect(relative(kolmogorovSurvival(2.5), 7.453306344157342e-6)).toBeLessThan(1e-12);
  });
  it("the one-sample statistic for n values, to the error of the expansion", () => {
    for (const [d, n, expected] of [
      [0.05, 500, 0.15866260223815387],
      [0.08, 300, 0.04064402562448788],
      [0.03, 990, 0.32847478434774857],
    ] as const) {
      expect(Math.abs(ksSurvival(d, n) - expected)).toBeLessThan(2e-6);
    }
    expect(ksSurvival(0.04, 500_000)).toBe(0);
    expect(relative(ksSurvival(0.12, 400), 1.777190333723987e-5)).toBeLessThan(0.01);
    expect(relative(ksSurvival(0.02, 50_000), 8.35587873542047e-18)).toBeLessThan(0.02);
  });
  it("the exact two-sample tail in the smallest case counted by hand", () => {
    // Of the 6 orders of 2 + 2 values, 2 part the samples (D = 1) and 4 reach D ≥ 1/2 as well: all do.
    expect(ksExactSurvival(1, 2, 2)).toBeCloseTo(2 / 6, 15);
    expect(ksExactSurvival(0.5, 2, 2)).toBeCloseTo(1, 15);
  });
});
