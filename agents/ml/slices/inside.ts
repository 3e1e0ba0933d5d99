import type { Slice, SliceCondition } from "@muster/shared/domain/slice.ts";
import { fault } from "@muster/shared/fault.ts";
import type { FeatureColumn } from "../matrix.ts";

/** Whether a value meets a condition; a number's missing value is NaN, a category's the empty text. */
function meets(condition: SliceCondition, { type, values }: FeatureColumn, row: number): boolean {
  const value = values[row]!;
  const missing = type === "number" ? Number.isNaN(value) : value === "";
  if (condition.op === "missing") return missing;
  if (missing) return false;
  if (condition.op === "in") return condition.values.includes(String(value));
  return Number(value) >= (condition.low ?? -Infinity) && Number(value) < (condition.high ?? Infinity);
}

/**
 * Which rows a slice takes (1), from its conditions as they are told: so what was told can be held against other rows.
 * `not_found` where a column isn't among those given.
 */
export function insideOf(
  { conditions }: Pick<Slice, "conditions">,
  columns: readonly { column: FeatureColumn }[],
): Uint8Array {
  const rows = columns[0]?.column.values.length ?? 0;
  const inside = new Uint8Array(rows).fill(1);
  for (const condition of conditions) {
    const found = columns.find(({ column }) => column.name === condition.column);
    if (!found) throw fault("not_found", `no column ${condition.column} to look a slice up in`);
    for (let row = 0; row < rows; row++) if (!meets(condition, found.column, row)) inside[row] = 0;
  }
  return inside;
}
