import { fault } from "@muster/shared/fault.ts";
import { ksDistance } from "./distance.ts";
import { chiSquareSurvival, normalSurvival } from "./distributions.ts";
import { ksExactSurvival, ksSurvival } from "./kolmogorov.ts";

/** A test's statistic and its p-value, 0..1. */
export type TestResult = { statistic: number; pValue: number };

/**
 * The two-sample Kolmogorov–Smirnov test, two-sided, of values in ascending order.
 * Exact where the larger sample has at most 10,000 values and there are at most 20 million cells to walk, else by the
 * expansion of Pelz and Good at n = round(a · b / (a + b)) (SciPy's `auto` differs in the bound on cells only).
 * With ties the p-value is too large, never too small.
 */
export function ksTest(a: Float64Array, b: Float64Array): TestResult {
  const statistic = ksDistance(a, b);
  const exact = Math.max(a.length, b.length) <= 10_000 && a.length * b.length <= 20_000_000;
  const pValue = exact
    ? ksExactSurvival(statistic, a.length, b.length)
    : ksSurvival(statistic, Math.round((a.length * b.length) / (a.length + b.length)));
  return { statistic, pValue };
}

/**
 * Pearson's chi-square test of observed against expected counts, k − 1 degrees of freedom.
 * Infinite, with p = 0, where something was observed that wasn't expected at all.
 */
export function chiSquareTest(observed: ArrayLike<number>, expected: ArrayLike<number>): TestResult {
  if (observed.length !== expected.length || observed.length === 0) {
    throw fault("invalid_input", "observed and expected counts need the same categories");
  }
  let statistic = 0;
  for (let i = 0; i < observed.length; i++) {
    if (observed[i] === 0 && expected[i] === 0) continue;
    statistic += (observed[i]! - expected[i]!) ** 2 / expected[i]!;
  }
  return { statistic, pValue: statistic === Infinity ? 0 : chiSquareSurvival(statistic, observed.length - 1) };
}

/** Pearson's chi-square test that two tables of counts share one distribution; categories empty in both don't count. */
export function homogeneityTest(a: ArrayLike<number>, b: ArrayLike<number>): TestResult {
  let totalA = 0;
  let totalB = 0;
  for (let i = 0; i < a.length; i++) {
    totalA += a[i]!;
    totalB += b[i]!;
  }
  let statistic = 0;
  let categories = 0;
  for (let i = 0; i < a.length; i++) {
    const both = a[i]! + b[i]!;
    if (both === 0) continue;
    categories++;
    const expectedA = (both * totalA) / (totalA + totalB);
    const expectedB = both - expectedA;
    statistic += (a[i]! - expectedA) ** 2 / expectedA + (b[i]! - expectedB) ** 2 / expectedB;
  }
  if (totalA === 0 || totalB === 0) throw fault("unfit", "a test of two tables needs rows on both sides");
  return { statistic, pValue: categories < 2 ? 1 : chiSquareSurvival(statistic, categories - 1) };
}

/** The two-sided z-test of two proportions with pooled variance; p = 1 where both are 0 or both are 1. */
export function proportionsTest(hitsA: number, rowsA: number, hitsB: number, rowsB: number): TestResult {
  if (rowsA === 0 || rowsB === 0) throw fault("unfit", "a test of proportions needs rows on both sides");
  const pooled = (hitsA + hitsB) / (rowsA + rowsB);
  const variance = pooled * (1 - pooled) * (1 / rowsA + 1 / rowsB);
  if (variance === 0) return { statistic: 0, pValue: 1 };
  const statistic = (hitsA / rowsA - hitsB / rowsB) / Math.sqrt(variance);
  return { statistic, pValue: 2 * normalSurvival(Math.abs(statistic)) };
}
