import { sorted } from "@muster/shared/stats/sort.ts";

/** Codes of numbers: 0…254 the bin, this one for a missing value. */
export const missingCode = 255;
/** Bins of a number, so that a code fits a byte. */
export const mostBins = 255;

/**
 * A column in a byte or two a row. A number is kept as its bin: `edges` are the values that bins begin at, rising, in
 * float32, and stand for them; so `x < edge` splits codes exactly as it splits the values. A category is kept as the place
 * of its word in `words` ("" is missing).
 */
export type CompactColumn =
  | { name: string; type: "number"; codes: Uint8Array; edges: Float32Array }
  | { name: string; type: "category"; codes: Uint8Array | Uint16Array | Uint32Array; words: string[] };

/** The edges of at most `bins` bins of about equal frequency over the values given; every value has its own where they are few. */
export function edgesOf(values: Float64Array, bins: number): Float32Array {
  const known = sorted(values.filter((value) => !Number.isNaN(value)).map(Math.fround));
  const edges: number[] = [];
  for (let i = 0; i < known.length; i++) if (i === 0 || known[i] !== known[i - 1]) edges.push(known[i]!);
  if (edges.length <= bins) return Float32Array.from(edges);
  const cuts = new Set<number>();
  for (let b = 0; b < bins; b++) cuts.add(known[Math.floor((b * known.length) / bins)]!);
  return Float32Array.from(cuts);
}

/** The bin of a value as the engine will see it: the last edge at or below it; the first one also for values below all. */
export function codeOf(value: number, edges: Float32Array): number {
  if (Number.isNaN(value) || edges.length === 0) return missingCode;
  const x = Math.fround(value);
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** The smallest array whose elements hold the places of so many words. */
export const codesFor = (rows: number, words: number): Uint8Array | Uint16Array | Uint32Array =>
  words <= 256 ? new Uint8Array(rows) : words <= 65_536 ? new Uint16Array(rows) : new Uint32Array(rows);
