import { shuffled } from "@muster/shared/random.ts";
import { permutationNull, permutationP } from "@muster/shared/stats/permutation.ts";
import { type Comparison, count } from "./comparison.ts";

/** What the permutation null says of each column: the corrected p-value and the score that α asks for. */
export type PermutedNull = {
  pValues: number[];
  thresholds: number[];
  permutations: number;
  sampled: { reference: number; current: number } | null;
};

/** Enough for the 99 % quantile: the fifth largest of 499. */
const permutations = 499;
/** Rows of both windows together that the null is drawn from; scores are scaled from there to the real sizes. */
const mostRows = 4000;

/**
 * The joint permutation null over all columns (Westfall and Young's step-down family in its single-step form): each
 * permutation deals the same rows for every column, scores are put on one scale by their null mean and deviation, and the
 * largest of a permutation is what a column has to beat. So dependent columns cost no power and the chance that any column
 * of a report is called is at most α. Big windows are thinned by a seeded sample; a score shrinks with
 * (1/n + 1/m)^power, which carries the null to the real size.
 */
export function permutedNull(
  comparisons: Comparison[],
  rows: { reference: number; current: number },
  alpha: number,
  random: () => number,
): PermutedNull {
  const kept = thinned(rows);
  const chosen = {
    reference: choose(rows.reference, kept.reference, random),
    current: choose(rows.current, kept.current, random),
  };
  const shrink = (1 / rows.reference + 1 / rows.current) / (1 / kept.reference + 1 / kept.current);
  const coded = comparisons.map((comparison) => {
    const { reference, current, levels } = comparison.code(chosen);
    const codes = new Int32Array(reference.length + current.length);
    codes.set(reference);
    codes.set(current, reference.length);
    return { comparison, codes, total: count(codes, levels), a: new Int32Array(levels), b: new Int32Array(levels) };
  });
  const found = new Float64Array(coded.length);
  const nulls = permutationNull({ a: kept.reference, b: kept.current }, permutations, random, (rowsOfB) => {
    coded.forEach(({ comparison, codes, total, a, b }, j) => {
      b.fill(0);
      for (let i = 0; i < rowsOfB.length; i++) b[codes[rowsOfB[i]!]!]! += 1;
      for (let level = 0; level < total.length; level++) a[level] = total[level]! - b[level]!;
      found[j] = comparison.scoreOf(a, b) * shrink ** comparison.power;
    });
    return found;
  });
  const scales = comparisons.map((comparison, j) =>
    scaleOf(nulls[j]!, comparison, 1 / rows.reference + 1 / rows.current),
  );
  const largest = new Float64Array(permutations).map((_, r) =>
    scales.reduce((most, { mean, deviation }, j) => Math.max(most, (nulls[j]![r]! - mean) / deviation), -Infinity),
  );
  const beat = [...largest].sort((x, y) => y - x)[Math.floor(alpha * (permutations + 1)) - 1]!;
  return {
    pValues: comparisons.map(({ score }, j) => permutationP((score - scales[j]!.mean) / scales[j]!.deviation, largest)),
    thresholds: scales.map(({ mean, deviation }) => mean + deviation * beat),
    permutations,
    sampled: kept.reference === rows.reference && kept.current === rows.current ? null : kept,
  };
}

function thinned(rows: { reference: number; current: number }): { reference: number; current: number } {
  if (rows.reference + rows.current <= mostRows) return rows;
  const current = Math.min(rows.current, Math.max(mostRows / 2, mostRows - rows.reference));
  return { reference: Math.min(rows.reference, mostRows - current), current };
}

function choose(rows: number, keep: number, random: () => number): Int32Array {
  if (keep === rows) return Int32Array.from({ length: rows }, (_, i) => i);
  if (keep * 20 > rows) return shuffled(rows, random).subarray(0, keep).sort();
  const chosen = new Set<number>();
  while (chosen.size < keep) chosen.add(Math.floor(random() * rows));
  return Int32Array.from(chosen).sort();
}

/**
 * Null mean and deviation. A column with next to no variety has a tiny deviation and a heavy tail, and would set the bar
 * for all others; its deviation is held at what an ordinary column of these sizes has.
 */
function scaleOf(
  values: Float64Array,
  { power }: Comparison,
  inverseRows: number,
): { mean: number; deviation: number } {
  let mean = 0;
  for (const v of values) mean += v / values.length;
  let squares = 0;
  for (const v of values) squares += (v - mean) ** 2 / values.length;
  return { mean, deviation: Math.max(Math.sqrt(squares), power === 1 ? inverseRows : 0.2 * Math.sqrt(inverseRows)) };
}
