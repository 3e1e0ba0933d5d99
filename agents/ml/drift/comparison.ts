import { jensenShannon, ksDistance, psiOfCounts, totalVariation } from "@muster/shared/stats/distance.ts";
import { binOf, equalFrequencyEdges } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { type ColumnPair, countCategories, countMissing } from "./column.ts";

/**
 * How one column is compared: its observed score and effect on all rows, and the codes that let the same score be taken
 * again on any choice of rows. `power`: the score shrinks with (1/n + 1/m) to this power while nothing drifts.
 */
export type Comparison = {
  method: "ks" | "jensen_shannon" | "psi";
  score: number;
  effect: number;
  power: 0.5 | 1;
  /** The level (0..levels−1) of the chosen rows of one side. `levels` are ordered for `ks`. */
  code(rows: { reference: Int32Array; current: Int32Array }): {
    reference: Int32Array;
    current: Int32Array;
    levels: number;
  };
  /** The same score from counts of two samples at each level. */
  scoreOf(a: ArrayLike<number>, b: ArrayLike<number>): number;
};

/** Categories beyond the most frequent 50 (of both windows together) count as one, so that rare ones can't swamp the score. */
const mostCategories = 50;

/**
 * Compares one column. Numbers by the Kolmogorov–Smirnov distance with missing rows as a value below all others, so that
 * a change of the missing rate counts; categories by the Jensen–Shannon distance (base 2) with missing as a category, their
 * effect being the total variation; with `psi` both by the stability index (numbers: 10 bins of equal frequency of the
 * reference and one for missing).
 */
export function compare(pair: ColumnPair, method: "default" | "psi"): Comparison {
  if (pair.reference.type === "category" || pair.current.type === "category") return compareCategories(pair, method);
  return method === "psi"
    ? compareBins(pair.reference.values, pair.current.values)
    : compareNumbers(pair.reference.values, pair.current.values);
}

function compareNumbers(reference: Float64Array, current: Float64Array): Comparison {
  const below = (values: Float64Array) =>
    countMissing(values) > 0 ? values.map((v) => (Number.isNaN(v) ? Number.NEGATIVE_INFINITY : v)) : values;
  const a = below(reference);
  const b = below(current);
  const score = ksDistance(sorted(a), sorted(b));
  return {
    method: "ks",
    score,
    effect: score,
    power: 0.5,
    code({ reference: rowsA, current: rowsB }) {
      const pooled = new Float64Array(rowsA.length + rowsB.length);
      rowsA.forEach((row, i) => {
        pooled[i] = a[row]!;
      });
      rowsB.forEach((row, i) => {
        pooled[rowsA.length + i] = b[row]!;
      });
      const edges = levelsOf(sorted(pooled));
      const codes = (values: Float64Array, rows: Int32Array) => rows.map((row) => binOf(edges, values[row]!));
      return { reference: codes(a, rowsA), current: codes(b, rowsB), levels: edges.length + 1 };
    },
    scoreOf: ksOfCounts,
  };
}

/** The distinct values where there are few, else 4,096 quantiles: a distance over them is short by at most 1/4,096. */
function levelsOf(ascending: Float64Array): Float64Array {
  const distinct = new Float64Array(4096);
  let n = 0;
  for (let i = 0; i < ascending.length; i++) {
    if (i > 0 && ascending[i] === ascending[i - 1]) continue;
    if (n === distinct.length) return equalFrequencyEdges(ascending, 4096);
    distinct[n++] = ascending[i]!;
  }
  return distinct.subarray(0, Math.max(0, n - 1));
}

function ksOfCounts(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let totalA = 0;
  let totalB = 0;
  for (let i = 0; i < a.length; i++) {
    totalA += a[i]!;
    totalB += b[i]!;
  }
  let upToA = 0;
  let upToB = 0;
  let widest = 0;
  for (let i = 0; i < a.length; i++) {
    upToA += a[i]!;
    upToB += b[i]!;
    const gap = Math.abs(upToA / totalA - upToB / totalB);
    if (gap > widest) widest = gap;
  }
  return widest;
}

function compareBins(reference: Float64Array, current: Float64Array): Comparison {
  const present = sorted(reference.filter((v) => !Number.isNaN(v)));
  const edges = present.length > 0 ? equalFrequencyEdges(present, 10) : new Float64Array(0);
  const code = (v: number) => (Number.isNaN(v) ? 0 : 1 + binOf(edges, v));
  return byLevels(Int32Array.from(reference, code), Int32Array.from(current, code), edges.length + 2, "psi");
}

function compareCategories(pair: ColumnPair, method: "default" | "psi"): Comparison {
  const frequent = [...countCategories(pair)]
    .sort(([x, a], [y, b]) => b.reference + b.current - a.reference - a.current || (x < y ? -1 : 1))
    .slice(0, mostCategories);
  const level = new Map(frequent.map(([value], i) => [value, i]));
  const code = (value: string) => level.get(value) ?? mostCategories;
  const codes = (values: string[]) => {
    const out = new Int32Array(values.length);
    for (let i = 0; i < values.length; i++) out[i] = code(values[i]!);
    return out;
  };
  return byLevels(
    codes(pair.reference.values as string[]),
    codes(pair.current.values as string[]),
    mostCategories + 1,
    method === "psi" ? "psi" : "jensen_shannon",
  );
}

function byLevels(a: Int32Array, b: Int32Array, levels: number, method: "jensen_shannon" | "psi"): Comparison {
  const scoreOf = method === "psi" ? psiOfCounts : (x: ArrayLike<number>, y: ArrayLike<number>) => jensenShannon(x, y);
  const countsA = count(a, levels);
  const countsB = count(b, levels);
  const score = scoreOf(countsA, countsB);
  return {
    method,
    score,
    effect: method === "psi" ? score : totalVariation(countsA, countsB),
    power: method === "psi" ? 1 : 0.5,
    code: (rows) => ({ reference: rows.reference.map((i) => a[i]!), current: rows.current.map((i) => b[i]!), levels }),
    scoreOf,
  };
}

/** The rows at each level. */
export function count(codes: Int32Array, levels: number): Int32Array {
  const counts = new Int32Array(levels);
  for (let i = 0; i < codes.length; i++) counts[codes[i]!]! += 1;
  return counts;
}
