import type { CodedColumn } from "./coded.ts";

/** So many robust deviations from the median are far: 5 leave about 1 in 2,000 of the heaviest usual tails. */
const FAR = 5;
const FEWEST = 50;
/** Few different numbers are codes or counts of a kind, not a measure. */
const FEWEST_VALUES = 20;

/** The range outside of which numbers are far, on the scale (`log` or plain) on which the middle 90 % lie evenly. */
export type Fence = { low: number; high: number; scale: "plain" | "log" };

const at = (sorted: Float64Array, p: number) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;

/**
 * The fence of a sample of numbers; null where it is too small, has too few different values, or a single value makes up
 * so much that half of the spread is nothing. Deviations are measured below and above the median apart, as
 * (median − 5 %)/1.645 and (95 % − median)/1.645, so that a skew by itself is no outlier.
 */
export function fenceOf(numbers: Float64Array): Fence | null {
  const sorted = Float64Array.from(numbers).sort();
  if (sorted.length < FEWEST || new Set(sorted).size < FEWEST_VALUES) return null;
  const fits = (["plain", "log"] as const).flatMap((scale) => {
    if (scale === "log" && at(sorted, 0.01) <= 0) return [];
    const to = (x: number) => (scale === "log" ? Math.log(x) : x);
    const [low, middle, high] = [to(at(sorted, 0.05)), to(at(sorted, 0.5)), to(at(sorted, 0.95))];
    const [below, above] = [(middle - low) / 1.645, (high - middle) / 1.645];
    if (!(below > 0 && above > 0)) return [];
    const back = (y: number) => (scale === "log" ? Math.exp(y) : y);
    const fence: Fence = { low: back(middle - FAR * below), high: back(middle + FAR * above), scale };
    return [{ fence, uneven: Math.abs(Math.log(above / below)) }];
  });
  return fits.sort((a, b) => a.uneven - b.uneven)[0]?.fence ?? null;
}

/** The fence of a numeric column; null where it has none, or the column holds no numbers. */
export function fenceOfColumn({ type, values, counts }: CodedColumn): Fence | null {
  if (type !== "integer" && type !== "number") return null;
  const all = new Float64Array(counts.reduce((sum, n) => sum + n, 0));
  let i = 0;
  for (const [code, value] of values.entries()) for (let n = 0; n < counts[code]!; n++) all[i++] = Number(value);
  return fenceOf(all);
}

/** The codes of a numeric column beyond its fence. */
export function farCodes(column: CodedColumn): Set<number> {
  const fence = fenceOfColumn(column);
  if (fence === null) return new Set();
  const far = (value: string) => Number(value) < fence.low || Number(value) > fence.high;
  return new Set(column.values.flatMap((value, code) => (far(value) ? [code] : [])));
}
