import { fault } from "@muster/shared/fault.ts";
import { betaQuantile, normalQuantile } from "./distributions.ts";

/** A two-sided interval. */
export type Interval = { low: number; high: number };

/** The exact (Clopper–Pearson) interval of a proportion: never below its level, wide for few rows. */
export function clopperPearson(hits: number, rows: number, level = 0.95): Interval {
  check(hits, rows);
  const tail = (1 - level) / 2;
  return {
    low: hits === 0 ? 0 : betaQuantile(tail, hits, rows - hits + 1),
    high: hits === rows ? 1 : betaQuantile(1 - tail, hits + 1, rows - hits),
  };
}

/** Wilson's score interval of a proportion: its level on average. */
export function wilson(hits: number, rows: number, level = 0.95): Interval {
  check(hits, rows);
  const z = normalQuantile(1 - (1 - level) / 2);
  const share = hits / rows;
  const middle = (share + (z * z) / (2 * rows)) / (1 + (z * z) / rows);
  const half = (z / (1 + (z * z) / rows)) * Math.sqrt((share * (1 - share)) / rows + (z * z) / (4 * rows * rows));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

function check(hits: number, rows: number): void {
  if (!(rows > 0) || hits < 0 || hits > rows) {
    throw fault("invalid_input", `${hits} of ${rows} is no proportion; pass hits between 0 and rows`);
  }
}
