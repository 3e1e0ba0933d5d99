import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";

const dayMs = 86_400_000;
/** Loads that a rhythm is read from at least. */
const fewestLoads = 3;
/** Intervals of its own rhythm after which a dataset counts as not loaded. */
const late = 3;

/** Why a dataset is called stale, with the numbers that say so. `since`: from when on. */
export type StaleReason = {
  kind: "old_events" | "not_loaded" | "unused";
  since: string;
  days: number;
  /** What the days are held against; null for a dataset of which no use was ever seen. */
  againstDays: number | null;
  why: string;
};

/** What is known of a dataset's life: when its versions came, its newest event, its last use. Times ISO 8601. */
export type Life = {
  dataset: Pick<DatasetManifest, "name" | "time">;
  loads: readonly string[];
  newestEvent: string | null;
  lastUse: string | null;
};

const daysBetween = (from: string, to: Date) => (to.getTime() - Date.parse(from)) / dayMs;
const rounded = (days: number) => Math.round(days * 10) / 10;

/** Why a dataset is stale at a moment; empty where it isn't. `oldAfter` and `unusedAfter` in days. */
export function staleReasons(
  { dataset, loads, newestEvent, lastUse }: Life,
  now: Date,
  limits: { oldAfter: number; unusedAfter: number },
): StaleReason[] {
  const reasons: StaleReason[] = [];
  const say = (kind: StaleReason["kind"], since: string, against: number | null, why: (days: number) => string) => {
    const days = rounded(daysBetween(since, now));
    reasons.push({ kind, since, days, againstDays: against === null ? null : rounded(against), why: why(days) });
  };
  if (newestEvent && daysBetween(newestEvent, now) > limits.oldAfter)
    say("old_events", newestEvent, limits.oldAfter, (d) => `its newest ${dataset.time ?? "event"} is ${d} days old`);
  const rhythm = rhythmDays(loads);
  const last = loads.at(-1);
  if (last && rhythm !== null && daysBetween(last, now) > late * rhythm)
    say(
      "not_loaded",
      last,
      rhythm,
      (d) =>
        `not loaded for ${d} days; it used to come every ${rounded(rhythm)} (median of ${loads.length - 1} intervals)`,
    );
  const unusedSince = lastUse ?? loads[0];
  if (unusedSince && daysBetween(unusedSince, now) > limits.unusedAfter)
    say("unused", unusedSince, lastUse ? limits.unusedAfter : null, (d) =>
      lastUse ? `no use seen since ${lastUse.slice(0, 10)}, ${d} days` : `no use seen since it came, ${d} days ago`,
    );
  return reasons;
}

/** The median interval between loads, days; null below three loads. */
export function rhythmDays(loads: readonly string[]): number | null {
  if (loads.length < fewestLoads) return null;
  const intervals = loads
    .slice(1)
    .map((at, i) => daysBetween(loads[i]!, new Date(at)))
    .sort((a, b) => a - b);
  const middle = intervals.length / 2;
  return (intervals[Math.ceil(middle) - 1]! + intervals[Math.floor(middle)]!) / 2;
}
