import { fault } from "@muster/shared/fault.ts";
import { normalCdf, normalQuantile } from "./distributions.ts";
import { quantile } from "./quantile.ts";
import { sorted } from "./sort.ts";

/**
 * How rows are drawn again. `clusters`: the dense cluster index (0..k−1) of each row (an entity, a block of time; see
 * `denseClusters`), drawn as a whole; null draws single rows, and so does a single cluster: every draw of it would be the
 * same, and an interval of no width.
 */
export type Resampling = { rows: number; clusters: Int32Array | null; repetitions: number; random: () => number };

/** A value on all rows with its interval; `repetitions` counts the resamples in which it was defined. */
export type BootstrapInterval = { value: number; low: number; high: number; repetitions: number };

/** Statistics of weighted rows: `weights[i]` says how often row i counts. NaN where a resample leaves one undefined. */
export type Statistics<K extends string> = (weights: Int32Array) => Record<K, number>;

/** Dense cluster indices (0..k−1, in order of appearance) of ids. */
export function denseClusters<Id>(ids: Iterable<Id>): Int32Array {
  const index = new Map<Id, number>();
  return Int32Array.from(ids, (id) => {
    let cluster = index.get(id);
    if (cluster === undefined) {
      cluster = index.size;
      index.set(id, cluster);
    }
    return cluster;
  });
}

const several = (clusters: Int32Array | null): Int32Array | null =>
  clusters?.some((one) => one !== clusters[0]) ? clusters : null;

/** Each statistic's values over the resamples in their order; undefined ones are NaN. */
export function bootstrapReplicates<K extends string>(
  { rows, clusters: given, repetitions, random }: Resampling,
  statistics: Statistics<K>,
): Record<K, Float64Array> {
  if (rows === 0) throw fault("unfit", "no rows to draw again; pass at least one");
  const clusters = several(given);
  const count = clusters === null ? rows : clusters.reduce((most, c) => Math.max(most, c), 0) + 1;
  const drawn = new Int32Array(count);
  const weights = clusters === null ? drawn : new Int32Array(rows);
  const replicates: Partial<Record<K, Float64Array>> = {};
  for (let r = 0; r < repetitions; r++) {
    drawn.fill(0);
    for (let i = 0; i < count; i++) drawn[Math.floor(random() * count)]! += 1;
    if (clusters !== null) for (let i = 0; i < rows; i++) weights[i] = drawn[clusters[i]!]!;
    const found = statistics(weights);
    for (const name in found) {
      const values = replicates[name] ?? new Float64Array(repetitions);
      values[r] = found[name];
      replicates[name] = values;
    }
  }
  return replicates as Record<K, Float64Array>;
}

/**
 * Bootstrap intervals of several statistics over the same resamples, at `level` (0.95).
 * `percentile` takes the quantiles of the resampled values; `bca` (Efron 1987) corrects their bias and acceleration, the
 * latter from a jackknife over at most 100 groups of clusters. A paired comparison is a statistic that takes the
 * difference of both models under the same weights. `unfit` where a statistic is undefined in half of the resamples.
 */
export function bootstrapIntervals<K extends string>(
  resampling: Resampling,
  statistics: Statistics<K>,
  { level = 0.95, method = "percentile" }: { level?: number; method?: "percentile" | "bca" } = {},
): Record<K, BootstrapInterval> {
  const value = statistics(new Int32Array(resampling.rows).fill(1));
  const replicates = bootstrapReplicates(resampling, statistics);
  const jackknife = method === "bca" ? jackknifed(resampling, statistics) : null;
  const intervals: Partial<Record<K, BootstrapInterval>> = {};
  for (const name in value) {
    const defined = sorted(replicates[name].filter((v) => !Number.isNaN(v)));
    if (defined.length < resampling.repetitions / 2 || defined.length < 2) {
      throw fault("unfit", `${name} is undefined in most resamples; there are too few rows for an interval`);
    }
    const tails = jackknife
      ? correctedTails(level, value[name], defined, jackknife[name])
      : { low: (1 - level) / 2, high: (1 + level) / 2 };
    intervals[name] = {
      value: value[name],
      low: quantile(defined, tails.low),
      high: quantile(defined, tails.high),
      repetitions: defined.length,
    };
  }
  return intervals as Record<K, BootstrapInterval>;
}

function jackknifed<K extends string>({ rows, clusters }: Resampling, statistics: Statistics<K>): Record<K, number[]> {
  const apart = several(clusters);
  const clusterOf = (row: number) => (apart === null ? row : apart[row]!);
  let count = 0;
  for (let i = 0; i < rows; i++) count = Math.max(count, clusterOf(i) + 1);
  const groups = Math.min(100, count);
  const weights = new Int32Array(rows);
  const left: Partial<Record<K, number[]>> = {};
  for (let g = 0; g < groups; g++) {
    for (let i = 0; i < rows; i++) weights[i] = clusterOf(i) % groups === g ? 0 : 1;
    const found = statistics(weights);
    for (const name in found) {
      left[name] ??= [];
      left[name]!.push(found[name]);
    }
  }
  return left as Record<K, number[]>;
}

function correctedTails(level: number, value: number, replicates: Float64Array, left: number[]) {
  let below = 0;
  for (const v of replicates) below += v < value ? 1 : v === value ? 0.5 : 0;
  const share = Math.min(1 - 0.5 / replicates.length, Math.max(0.5 / replicates.length, below / replicates.length));
  const bias = normalQuantile(share);
  const kept = left.filter((v) => !Number.isNaN(v));
  const mean = kept.reduce((a, v) => a + v, 0) / kept.length;
  let cubes = 0;
  let squares = 0;
  for (const v of kept) {
    cubes += (mean - v) ** 3;
    squares += (mean - v) ** 2;
  }
  const acceleration = squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
  const tail = (p: number) => {
    const z = bias + normalQuantile(p);
    return normalCdf(bias + z / (1 - acceleration * z));
  };
  return { low: tail((1 - level) / 2), high: tail((1 + level) / 2) };
}
