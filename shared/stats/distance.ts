import { fault } from "@muster/shared/fault.ts";
import { countBins, equalFrequencyEdges } from "./quantile.ts";

/** The two-sample Kolmogorov–Smirnov distance, 0..1, of values in ascending order: the largest gap of the distributions. */
export function ksDistance(a: Float64Array, b: Float64Array): number {
  needBoth(a.length, b.length);
  let i = 0;
  let j = 0;
  let widest = 0;
  const stepA = 1 / a.length;
  const stepB = 1 / b.length;
  while (i < a.length && j < b.length) {
    const va = a[i]!;
    const vb = b[j]!;
    if (va <= vb)
      do i++;
      while (i < a.length && a[i] === va);
    if (vb <= va)
      do j++;
      while (j < b.length && b[j] === vb);
    const gap = i * stepA - j * stepB;
    if (gap > widest) widest = gap;
    else if (-gap > widest) widest = -gap;
  }
  return Math.min(1, widest);
}

/** The first Wasserstein distance of values in ascending order, in their unit: the area between the distributions. */
export function wasserstein(a: Float64Array, b: Float64Array): number {
  needBoth(a.length, b.length);
  let i = 0;
  let j = 0;
  let area = 0;
  let last = Math.min(a[0]!, b[0]!);
  const stepA = 1 / a.length;
  const stepB = 1 / b.length;
  while (i < a.length && j < b.length) {
    const va = a[i]!;
    const vb = b[j]!;
    const v = Math.min(va, vb);
    area += Math.abs(i * stepA - j * stepB) * (v - last);
    last = v;
    if (va === v) i++;
    if (vb === v) j++;
  }
  for (; i < a.length; i++) {
    area += Math.abs(i * stepA - 1) * (a[i]! - last);
    last = a[i]!;
  }
  for (; j < b.length; j++) {
    area += Math.abs(1 - j * stepB) * (b[j]! - last);
    last = b[j]!;
  }
  return area;
}

/**
 * The Jensen–Shannon distance (the root of the divergence) of two tables of counts over the same categories.
 * Base 2 by default (0..1); SciPy's default, which Evidently leaves in place, is e.
 */
export function jensenShannon(a: ArrayLike<number>, b: ArrayLike<number>, base = 2): number {
  const { totalA, totalB } = totals(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const p = a[i]! / totalA;
    const q = b[i]! / totalB;
    const m = (p + q) / 2;
    if (p > 0) sum += (p / 2) * Math.log(p / m);
    if (q > 0) sum += (q / 2) * Math.log(q / m);
  }
  return Math.sqrt(Math.max(0, sum) / Math.log(base));
}

/** The total variation distance, 0..1, of two tables of counts: the share of rows that would have to change category. */
export function totalVariation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const { totalA, totalB } = totals(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! / totalA - b[i]! / totalB);
  return sum / 2;
}

/** The population stability index of two tables of counts over the same bins: Σ (q − p) ln(q / p), shares at least ε = 1e-4. */
export function psiOfCounts(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const { totalA, totalB } = totals(reference, current);
  let sum = 0;
  for (let i = 0; i < reference.length; i++) {
    const p = Math.max(1e-4, reference[i]! / totalA);
    const q = Math.max(1e-4, current[i]! / totalB);
    sum += (q - p) * Math.log(q / p);
  }
  return sum;
}

/**
 * The population stability index of values in ascending order over 10 bins of equal frequency of the reference, ε = 1e-4.
 * (Evidently bins both samples pooled, so its numbers differ.)
 */
export function psi(reference: Float64Array, current: Float64Array, bins = 10): number {
  needBoth(reference.length, current.length);
  const edges = equalFrequencyEdges(reference, bins);
  return psiOfCounts(countBins(edges, reference), countBins(edges, current));
}

function needBoth(a: number, b: number): void {
  if (a === 0 || b === 0) throw fault("unfit", "a distance needs values on both sides");
}

function totals(a: ArrayLike<number>, b: ArrayLike<number>): { totalA: number; totalB: number } {
  if (a.length !== b.length) throw fault("invalid_input", "two tables of counts need the same categories");
  let totalA = 0;
  let totalB = 0;
  for (let i = 0; i < a.length; i++) {
    totalA += a[i]!;
    totalB += b[i]!;
  }
  needBoth(totalA, totalB);
  return { totalA, totalB };
}
