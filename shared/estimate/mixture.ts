import type { Interval } from "../domain/estimate.ts";
import { normalCdf, normalQuantile } from "../stats/distributions.ts";
import { type LogPrediction, t95 } from "./fit-additive.ts";

/** Quantile levels that cut a normal into so many equally likely pieces: each piece's middle. */
export const equallyLikely = (pieces: number): number[] =>
  Array.from({ length: pieces }, (_, i) => normalQuantile((i + 0.5) / pieces));

const z95 = 1.6448536;

/**
 * The 90 % interval and the median of a quantity that is, equally likely, each of some log-normals with heavy tails: what is
 * uncertain in two ways, by what stands behind it and by how well that is known.
 */
export function mixed(parts: readonly LogPrediction[]): Interval {
  // Tails are made heavier by wider normals: right at the ends of the interval, which is what is asked for.
  const normals = parts.map(({ log, sd, weight }) => ({ log, sd: (t95(weight) / z95) * sd }));
  const below = (x: number): number =>
    normals.reduce((sum, { log, sd }) => sum + normalCdf((x - log) / sd), 0) / normals.length;
  const quantile = (p: number): number => {
    let low = Math.min(...normals.map(({ log, sd }) => log - 6 * sd));
    let high = Math.max(...normals.map(({ log, sd }) => log + 6 * sd));
    for (let step = 0; step < 60; step++) {
      const half = (low + high) / 2;
      if (below(half) < p) low = half;
      else high = half;
    }
    return Math.exp((low + high) / 2);
  };
  return { low: quantile(0.05), mid: quantile(0.5), high: quantile(0.95) };
}
