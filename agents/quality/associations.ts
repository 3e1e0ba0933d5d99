import { pearson, ranks } from "@muster/shared/stats/correlation.ts";
import { z } from "zod";
import type { CodedColumn, CodedTable } from "./cells/coded.ts";

/**
 * How two columns go together, over the rows that have both. Numbers: Pearson's and Spearman's correlation, −1..1.
 * Categories: Cramér's V less its bias (Bergsma 2013), 0..1. A category and a number: the correlation ratio η, 0..1.
 */
export const PairMeasure = z.object({
  left: z.string(),
  right: z.string(),
  measure: z.enum(["pearson", "spearman", "cramers_v", "correlation_ratio"]),
  value: z.number(),
  rows: z.number().int(),
});
export type PairMeasure = z.infer<typeof PairMeasure>;

const MOST_COLUMNS = 40;
const MOST_CATEGORIES = 50;
const FEWEST_ROWS = 30;

type Held = { column: CodedColumn; numbers: Float64Array | null };

/** Numbers by row (NaN where missing), or a category; null for columns that are neither. */
function held(column: CodedColumn): Held | null {
  if (column.values.length < 2) return null;
  if (column.type === "integer" || column.type === "number") {
    const values = column.values.map(Number);
    return { column, numbers: Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : values[code]!)) };
  }
  const kinds = column.type === "text" || column.type === "boolean";
  return kinds && column.values.length <= MOST_CATEGORIES ? { column, numbers: null } : null;
}

function ofNumbers(a: Float64Array, b: Float64Array): { pearson: number; spearman: number; rows: number } | null {
  const rows = Array.from(a.keys()).filter((row) => !Number.isNaN(a[row]!) && !Number.isNaN(b[row]!));
  if (rows.length < FEWEST_ROWS) return null;
  const [x, y] = [Float64Array.from(rows, (row) => a[row]!), Float64Array.from(rows, (row) => b[row]!)];
  return { pearson: pearson(x, y), spearman: pearson(ranks(x), ranks(y)), rows: rows.length };
}

/** Cramér's V corrected for bias: φ² and both numbers of categories less what chance gives. Null below 30 rows. */
export function cramersV(left: CodedColumn, right: CodedColumn): { value: number; rows: number } | null {
  const [r, c] = [left.values.length, right.values.length];
  const cells = new Float64Array(r * c);
  const [down, across] = [new Float64Array(r), new Float64Array(c)];
  let n = 0;
  left.codes.forEach((i, row) => {
    const j = right.codes[row]!;
    if (i < 0 || j < 0) return;
    cells[i * c + j]! += 1;
    down[i]! += 1;
    across[j]! += 1;
    n++;
  });
  if (n < FEWEST_ROWS) return null;
  let chi = 0;
  for (let i = 0; i < r; i++)
    for (let j = 0; j < c; j++) {
      const expected = (down[i]! * across[j]!) / n;
      if (expected > 0) chi += (cells[i * c + j]! - expected) ** 2 / expected;
    }
  const [seenR, seenC] = [down.filter((x) => x > 0).length, across.filter((x) => x > 0).length];
  const phi = Math.max(0, chi / n - ((seenR - 1) * (seenC - 1)) / (n - 1));
  const sizes = [seenR - (seenR - 1) ** 2 / (n - 1), seenC - (seenC - 1) ** 2 / (n - 1)];
  const least = Math.min(...sizes) - 1;
  return { value: least > 0 ? Math.min(1, Math.sqrt(phi / least)) : 0, rows: n };
}

/** The correlation ratio η: the root of the share of the numbers' variance that lies between the categories. Null below 30 rows. */
export function correlationRatio(category: CodedColumn, numbers: Float64Array): { value: number; rows: number } | null {
  const [sums, counts] = [new Float64Array(category.values.length), new Float64Array(category.values.length)];
  let [n, sum] = [0, 0];
  category.codes.forEach((code, row) => {
    const x = numbers[row]!;
    if (code < 0 || Number.isNaN(x)) return;
    sums[code]! += x;
    counts[code]! += 1;
    sum += x;
    n++;
  });
  if (n < FEWEST_ROWS) return null;
  const mean = sum / n;
  let [between, total] = [0, 0];
  counts.forEach((count, code) => {
    if (count > 0) between += count * (sums[code]! / count - mean) ** 2;
  });
  category.codes.forEach((code, row) => {
    const x = numbers[row]!;
    if (code >= 0 && !Number.isNaN(x)) total += (x - mean) ** 2;
  });
  return { value: total > 0 ? Math.sqrt(Math.min(1, between / total)) : 0, rows: n };
}

/**
 * The matrices of a table as a list: every pair of its first 40 columns that are numbers or categories (at most 50
 * values). They speak of columns in general, labels among them, and are for people: no profile that other agents read
 * holds them, since what relates a column to a target has to wait for the hold-out.
 */
export function pairMeasures(table: CodedTable): PairMeasure[] {
  const columns = table.columns.flatMap((column) => held(column) ?? []).slice(0, MOST_COLUMNS);
  return columns.flatMap((a, i) =>
    columns.slice(i + 1).flatMap((b): PairMeasure[] => {
      const names = { left: a.column.name, right: b.column.name };
      if (a.numbers && b.numbers) {
        const found = ofNumbers(a.numbers, b.numbers);
        if (!found) return [];
        const { rows } = found;
        return (["pearson", "spearman"] as const).map((measure) => ({
          ...names,
          measure,
          value: found[measure],
          rows,
        }));
      }
      if (!a.numbers && !b.numbers) {
        const found = cramersV(a.column, b.column);
        return found ? [{ ...names, measure: "cramers_v", ...found }] : [];
      }
      const found = correlationRatio(a.numbers ? b.column : a.column, (a.numbers ?? b.numbers)!);
      return found ? [{ ...names, measure: "correlation_ratio", ...found }] : [];
    }),
  );
}
