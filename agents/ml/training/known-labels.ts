import type { Horizon, Problem } from "@muster/shared/domain/problem.ts";
import { addDays, knownAt } from "@muster/shared/features/horizon.ts";

/** What lies between a row's moment and the moment at which its label is known: a gap, the window, and a delay after its end. */
export type LabelTiming = { gapDays: number; horizon: Horizon | null; delayDays: number };

/** When the labels of a problem are known; null where they are with the row itself, or nothing says when the row was. */
export function labelTiming({
  cutoffs,
  time,
  gapDays = 0,
  horizon,
  label,
  labelDelayDays,
}: Problem): LabelTiming | null {
  if (time === null && cutoffs.training.length === 0) return null;
  // A flat table's row bears its own event: there is no window after it.
  if (label.kind === "column")
    return labelDelayDays === 0 ? null : { gapDays: 0, horizon: null, delayDays: labelDelayDays };
  const delayDays = label.kind === "ended" ? Math.max(labelDelayDays, label.graceDays) : labelDelayDays;
  return { gapDays, horizon, delayDays };
}

/** When the label of each row is known, in milliseconds as its time is; NaN where it has none. */
export function knownTimes(time: Float64Array, { gapDays, horizon, delayDays }: LabelTiming): Float64Array {
  const known = new Map<number, number>();
  return time.map((own) => {
    if (Number.isNaN(own)) return own;
    const before = known.get(own);
    if (before !== undefined) return before;
    const from = addDays(new Date(own), gapDays);
    const at = horizon === null ? addDays(from, delayDays) : knownAt(from, horizon, delayDays);
    known.set(own, at.getTime());
    return at.getTime();
  });
}
