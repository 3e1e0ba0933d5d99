import { shuffled } from "@muster/shared/random.ts";
import { binOf, equalFrequencyEdges } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";

/** Blocks that rows are taken together in where only their time says which of them are alike. */
const mostBlocks = 40;

/** What tells rows that belong together: a dense index per row, and what it stands for. */
export type Clusters = { of: Int32Array; by: "entity" | "time" | "row" };

/**
 * The clusters of rows: whole entities where one has several rows, else blocks of equal size in the order of time where
 * there is one, else single rows. Rows of one cluster are never on both sides of a split.
 */
export function clustersOf(entity: Int32Array | null, time: Float64Array | null, rows: number): Clusters {
  if (entity !== null && new Set(entity).size < rows) return { of: entity, by: "entity" };
  const times = time === null ? 0 : new Set(time).size;
  if (time === null || times < 2) return { of: Int32Array.from({ length: rows }, (_, i) => i), by: "row" };
  const edges = equalFrequencyEdges(sorted(time), Math.min(mostBlocks, times));
  return { of: Int32Array.from(time, (t) => binOf(edges, t)), by: "time" };
}

/**
 * Which rows are searched (1) and which confirm (0): whole clusters, half of those with an error and half of those without,
 * at random.
 */
export function discoveryHalf({ of }: Clusters, happened: Uint8Array, random: () => number): Uint8Array {
  const count = of.reduce((most, c) => Math.max(most, c), -1) + 1;
  const wrong = new Uint8Array(count);
  for (let i = 0; i < of.length; i++) if (happened[i] === 1) wrong[of[i]!] = 1;
  const side = new Uint8Array(count);
  const turn = [0, 0];
  for (const cluster of shuffled(count, random)) side[cluster] = turn[wrong[cluster]!]!++ % 2 === 0 ? 1 : 0;
  return Uint8Array.from(of, (cluster) => side[cluster]!);
}
