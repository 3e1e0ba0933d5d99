import type { TargetSlice } from "@muster/shared/domain/improvement.ts";
import type { SliceCondition } from "@muster/shared/domain/slice.ts";
import type { FeatureColumn } from "../matrix.ts";

/** The rows of a matrix that are in a slice, or why they can't be told: a column that its conditions stand on isn't there. */
export type SliceRows = { rows: Int32Array; note: null } | { rows: null; note: string };

/** Finds the rows on which every condition of a slice holds; an empty text or NaN is a missing value. */
export function sliceRows({ conditions }: TargetSlice, columns: readonly FeatureColumn[], count: number): SliceRows {
  const named = new Map(columns.map((column) => [column.name, column]));
  const absent = conditions.find(({ column }) => !named.has(column));
  if (absent)
    return { rows: null, note: `the hold-out's features don't hold ${absent.column}, which the slice stands on` };
  const found: number[] = [];
  for (let row = 0; row < count; row++)
    if (conditions.every((condition) => holds(condition, named.get(condition.column)!.values[row]!))) found.push(row);
  return { rows: Int32Array.from(found), note: null };
}

function holds(condition: SliceCondition, value: number | string): boolean {
  const missing = typeof value === "number" ? Number.isNaN(value) : value === "";
  if (condition.op === "missing") return missing;
  if (missing) return false;
  if (condition.op === "in") return condition.values.includes(String(value));
  const number = Number(value);
  return (condition.low === null || number >= condition.low) && (condition.high === null || number < condition.high);
}
