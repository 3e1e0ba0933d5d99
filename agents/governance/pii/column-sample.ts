import { ColumnType } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";

/**
 * What a detector may see of a column.
 * `values`: distinct non-null values as text, drawn uniformly without replacement (order does not matter).
 * `present`: rows that are not null. `distinct`: distinct values in all rows (an estimate will do).
 */
export const ColumnSample = z.object({
  name: z.string(),
  type: ColumnType,
  present: z.number().int().nonnegative(),
  distinct: z.number().int().nonnegative(),
  values: z.array(z.string()),
});
export type ColumnSample = z.infer<typeof ColumnSample>;

/** Distinct values to draw per column: with 1,000 read, at most 0.3 % of the distinct values can hold an unseen format (95 %). */
export const sampleSize = 1000;

/**
 * The largest ratio of distinct values that may hold something none of the checked ones showed, with 95 % certainty:
 * 1 − 0.05^(1/checked); 0 when all were checked, 1 when none was (and there are some).
 */
export function missedShare(checked: number, distinct: number): number {
  if (checked >= distinct) return 0;
  return checked === 0 ? 1 : 1 - 0.05 ** (1 / checked);
}

/** The lower end of the Wilson score interval (95 %, two-sided) of a ratio hits / n, in 0..1; 0 for n = 0. */
export function wilsonLower(hits: number, n: number): number {
  if (n === 0) return 0;
  const z = 1.959964;
  const p = hits / n;
  const centre = p + (z * z) / (2 * n);
  const spread = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return Math.max(0, (centre - spread) / (1 + (z * z) / n));
}

/** The ratio of the sampled values for which a test holds; 0 without values. */
export const shareOf = (values: string[], test: (value: string) => boolean): number =>
  values.length === 0 ? 0 : values.filter(test).length / values.length;

/** Whether a column is a flag: boolean, or at most two values over twenty or more rows. */
export const isFlag = (column: ColumnSample): boolean =>
  column.type === "boolean" || (column.present >= 20 && column.distinct <= 2);

/** How many decimal digits a text has. */
export const digitsIn = (value: string): number => value.replace(/\D/g, "").length;

/** Whether a text is written as a day: ISO, or day, month and year between slashes, dots or dashes. */
export const looksLikeDate = (value: string): boolean =>
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?$/.test(value) || /^\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})$/.test(value);
