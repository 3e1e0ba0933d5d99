import type { ColumnDrift } from "@muster/shared/domain/drift-report.ts";
import { jensenShannon, wasserstein } from "@muster/shared/stats/distance.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { chiSquareTest, ksTest, proportionsTest } from "@muster/shared/stats/tests.ts";
import type { ColumnPair } from "./column.ts";

/** One column by a fixed rule: null where a side has no value. */
export type FixedRule = Pick<ColumnDrift, "method" | "score" | "threshold" | "pValue" | "verdict">;

/**
 * One column by Evidently's default rules (0.7.23, legacy/calculations/stattests), missing rows dropped, n = reference rows,
 * u = unique values of both: numbers with u > 5: KS p ≤ 0.05 if n ≤ 1000, else Wasserstein ÷ max(sd of reference, 0.001)
 * ≥ 0.1; numbers with u ≤ 5 and categories: chi-square p < 0.05 (z-test if u ≤ 2) if n ≤ 1000, else the Jensen–Shannon
 * distance, natural logarithm, ≥ 0.1.
 */
export function byEvidently(pair: ColumnPair): FixedRule | null {
  const numeric = pair.reference.type === "number" && pair.current.type === "number";
  const reference = presentOf(pair.reference.values);
  const current = presentOf(pair.current.values);
  const small = reference.length <= 1000;
  const counts = new Map<number | string, [number, number]>();
  for (const [side, values] of [reference, current].entries()) {
    for (const value of values) {
      const count = counts.get(value);
      if (count) count[side]! += 1;
      else counts.set(value, side === 0 ? [1, 0] : [0, 1]);
    }
  }
  if (reference.length === 0 || current.length === 0) return null;
  if (numeric && counts.size > 5) {
    const a = sorted(reference as number[]);
    const b = sorted(current as number[]);
    return small ? test("ks", ksTest(a, b).pValue, true) : distance("wasserstein", wasserstein(a, b) / scale(a));
  }
  const first = [...counts.values()].map(([n]) => n);
  const second = [...counts.values()].map(([, n]) => n);
  if (!small) return distance("jensen_shannon", jensenShannon(first, second, Math.E));
  if (counts.size > 2) {
    const expected = first.map((n) => (n * current.length) / reference.length);
    return test("chi_square", chiSquareTest(second, expected).pValue, false);
  }
  return test("z_test", proportionsTest(first[0]!, reference.length, second[0]!, current.length).pValue, false);
}

const presentOf = (values: Float64Array | string[]): (number | string)[] =>
  typeof values[0] === "string"
    ? (values as string[]).filter((v) => v !== "")
    : Array.from(values as Float64Array).filter((v) => Number.isFinite(v));

function test(method: "ks" | "chi_square" | "z_test", pValue: number, inclusive: boolean): FixedRule {
  const drifted = inclusive ? pValue <= 0.05 : pValue < 0.05;
  return { method, score: pValue, threshold: 0.05, pValue, verdict: drifted ? "drifted" : "not_drifted" };
}

const distance = (method: "wasserstein" | "jensen_shannon", score: number): FixedRule => ({
  method,
  score,
  threshold: 0.1,
  pValue: null,
  verdict: score >= 0.1 ? "drifted" : "not_drifted",
});

function scale(values: Float64Array): number {
  const mean = values.reduce((a, v) => a + v, 0) / values.length;
  return Math.max(0.001, Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length));
}
