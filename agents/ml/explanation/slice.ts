import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { takeRows } from "../encode.ts";
import type { FeatureColumn } from "../matrix.ts";
import { namedColumn } from "../nearest.ts";

/** Rows with something in common: a feature that is one of some categories, or from one number (included) to another (not). */
export const SliceOf = z.object({
  feature: z.string().min(1).max(200),
  in: z.array(z.string().max(200)).min(1).max(20).optional(),
  from: z.number().optional(),
  to: z.number().optional(),
});
export type SliceOf = z.infer<typeof SliceOf>;

/** With fewer rows shares would say more about the rows than about the model. */
const fewestRows = 30;

/**
 * The rows of a slice. `not_found` for a feature that isn't there, `invalid_input` where categories are asked of a number or
 * a range of a category, `unfit` where fewer than 30 rows are in it.
 */
export function rowsOfSlice(columns: FeatureColumn[], slice: SliceOf): { columns: FeatureColumn[]; rows: number } {
  const name = namedColumn(columns, slice.feature, "the model");
  const column = columns.find((one) => one.name === name)!;
  const ranged = slice.from !== undefined || slice.to !== undefined;
  if (ranged === (slice.in !== undefined) || ranged !== (column.type === "number"))
    throw fault(
      "invalid_input",
      column.type === "number" ? `${name} is a number: pass from, to, or both` : `${name} is a category: pass in`,
    );
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = slice;
  const inside = (value: number | string) =>
    typeof value === "number" ? value >= from && value < to : slice.in!.includes(value);
  const rows = Int32Array.from(column.values.keys()).filter((row) => inside(column.values[row]!));
  if (rows.length < fewestRows)
    throw fault("unfit", `only ${rows.length} of ${column.values.length} training rows are in that slice; widen it`, {
      rows: rows.length,
    });
  return { columns: takeRows(columns, rows), rows: rows.length };
}
