import { studentCdf, studentQuantile } from "@muster/shared/stats/distributions.ts";
import { proportionsTest } from "@muster/shared/stats/tests.ts";

/** A difference of two means with its 95 % interval and its two-sided p-value. */
export type Difference = { inside: number; outside: number; value: number; low: number; high: number; pValue: number };

/** With fewer clusters inside, nothing can be said of others than these. */
const leastClusters = 5;

/**
 * How the mean of `values` differs inside a slice from outside, over the rows given: the variance of the difference from
 * whole clusters (the linearised ratio estimator of survey sampling, Cochran 1977, sec. 6; for clusters of one row Welch's),
 * Student's t with the clusters that reach into the slice less one degree of freedom. Null where fewer than five do or
 * one side is empty. For 0/1 values of single rows never less than the pooled z-test of proportions says.
 */
export function compareInside(
  rows: Int32Array,
  inside: Uint8Array,
  values: ArrayLike<number>,
  clusters: Int32Array,
): Difference | null {
  const count = [0, 0];
  const sums = [0, 0];
  let binary = true;
  for (const row of rows) {
    const side = inside[row]!;
    const value = values[row]!;
    count[side]!++;
    sums[side]! += value;
    if (value !== 0 && value !== 1) binary = false;
  }
  if (count[0] === 0 || count[1] === 0) return null;
  const means = [sums[0]! / count[0]!, sums[1]! / count[1]!];
  const influence = new Map<number, number>();
  const reached = new Set<number>();
  for (const row of rows) {
    const side = inside[row]!;
    const cluster = clusters[row]!;
    const part = ((values[row]! - means[side]!) / count[side]!) * (side === 1 ? 1 : -1);
    influence.set(cluster, (influence.get(cluster) ?? 0) + part);
    if (side === 1) reached.add(cluster);
  }
  if (reached.size < leastClusters) return null;
  let squares = 0;
  for (const u of influence.values()) squares += u * u;
  const error = Math.sqrt((squares * influence.size) / (influence.size - 1));
  const value = means[1]! - means[0]!;
  const df = reached.size - 1;
  const half = studentQuantile(0.975, df) * error;
  // No spread at all (every row inside wrong, none outside): as unlikely as all clusters falling on one side.
  const alike = value === 0 ? 1 : 2 ** (1 - reached.size);
  const byClusters = error === 0 ? alike : Math.min(1, 2 * studentCdf(-Math.abs(value) / error, df));
  const single = influence.size === rows.length && binary;
  const byRows = single ? proportionsTest(sums[1]!, count[1]!, sums[0]!, count[0]!).pValue : 0;
  return {
    ...{ inside: means[1]!, outside: means[0]!, value, low: value - half, high: value + half },
    pValue: Math.max(byClusters, byRows),
  };
}
