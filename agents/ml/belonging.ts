import type { Problem } from "@muster/shared/domain/problem.ts";

/**
 * Which rows of a hold-out belong together, so that a bootstrap draws them as a whole: those of one entity; of a forecast
 * those of one origin, whose steps ahead err together. Null where nothing says so; steps of one origin alone are drawn singly.
 */
export function belonging(
  { label }: Pick<Problem, "label">,
  { entity, time }: { entity: readonly string[] | null; time: Float64Array | null },
  rows: Int32Array,
): string[] | null {
  if (label.kind === "forecast") return time && Array.from(rows, (row) => String(time[row]!));
  return entity && Array.from(rows, (row) => entity[row]!);
}
