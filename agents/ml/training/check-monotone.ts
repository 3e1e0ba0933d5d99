import type { MonotoneCheck } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { takeRows } from "../encode.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";

/** Rows that are swept, evenly spread, and the values of the feature that each is given. */
const sweptRows = 200;
const steps = 33;
/** Sums of leaves are rounded to float32. */
const rounding = 1e-6;

/**
 * Sweeps every constrained feature through its own quantiles, everything else of a row left as it is, and holds the margin
 * to going one way. `internal` where it doesn't: such a model must not be kept. Constraints of columns that the model
 * doesn't read hold by themselves.
 */
export function checkMonotone(
  fitted: FittedModel,
  columns: FeatureColumn[],
  monotone: Readonly<Record<string, 1 | -1>>,
): MonotoneCheck[] {
  return Object.entries(monotone).map(([feature, direction]) => {
    const column = columns.find(({ name }) => name === feature);
    const read = fitted.inputs.some(({ name }) => name === feature);
    if (column?.type !== "number" || !read) return { feature, direction, rows: 0, values: 0, worst: 0 };
    const grid = gridOf(column.values);
    const step = Math.max(1, Math.floor(column.values.length / sweptRows));
    const rows = Int32Array.from({ length: Math.min(sweptRows, column.values.length) }, (_, i) => i * step);
    const some = takeRows(columns, rows);
    let before: Float64Array | null = null;
    let worst = 0;
    for (const value of grid) {
      const values = new Float64Array(rows.length).fill(value);
      const moved = some.map((one) => (one.name === feature ? { ...column, values } : one));
      const margin: Float64Array = predictFitted(fitted, moved).margins[0]!;
      for (const [row, now] of margin.entries()) {
        const then: number = before ? before[row]! : now;
        worst = Math.max(worst, (-direction * (now - then)) / Math.max(1, Math.abs(then)));
      }
      before = margin;
    }
    // NaN would pass every comparison.
    if (!(worst <= rounding))
      throw fault("internal", `the model goes against its constraint on ${feature}; it was not kept`, { worst });
    return { feature, direction, rows: rows.length, values: grid.length, worst };
  });
}

/** Distinct quantiles of a column, in rising order. */
function gridOf(values: Float64Array): number[] {
  const known = sorted(values.filter((value) => !Number.isNaN(value)));
  const at = (share: number) => known[Math.round(share * (known.length - 1))]!;
  return known.length === 0 ? [] : [...new Set(Array.from({ length: steps }, (_, i) => at(i / (steps - 1))))];
}
