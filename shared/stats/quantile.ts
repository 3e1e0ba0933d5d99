import { fault } from "@muster/shared/fault.ts";

/** The q-quantile (0..1) of values in ascending order, linear between neighbours (numpy's default, type 7). */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  if (ascending.length === 0) throw fault("unfit", "no values to take a quantile of");
  const at = q * (ascending.length - 1);
  const below = Math.floor(at);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return low === high ? low : low + (high - low) * (at - below);
}

/**
 * The inner edges of bins of equal frequency: at most `bins − 1`, strictly ascending, no bin empty; heavy values leave
 * fewer. A value belongs to the first bin whose edge is not below it (see `binOf`).
 */
export function equalFrequencyEdges(ascending: ArrayLike<number>, bins: number): Float64Array {
  const edges: number[] = [];
  let placed = 0;
  for (let b = 1; b < bins; b++) {
    const edge = quantile(ascending, b / bins);
    const upTo = countUpTo(ascending, edge, placed);
    if (upTo === placed || upTo === ascending.length) continue;
    edges.push(edge);
    placed = upTo;
  }
  return Float64Array.from(edges);
}

/** How many of the ascending values are not above `limit`, known to be at least `from`. */
function countUpTo(ascending: ArrayLike<number>, limit: number, from: number): number {
  let low = from;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bin (0..edges.length) of a value: the number of edges below it. */
export function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The rows in each bin of values in ascending order. */
export function countBins(edges: Float64Array, ascending: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  let before = 0;
  for (let b = 0; b < edges.length; b++) {
    const upTo = countUpTo(ascending, edges[b]!, before);
    counts[b] = upTo - before;
    before = upTo;
  }
  counts[edges.length] = ascending.length - before;
  return counts;
}
