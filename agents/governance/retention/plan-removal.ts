import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { heldBy, rulesFor } from "./rules.ts";
import type { RetentionTable } from "./store.ts";

/** A standing version of a dataset: `since` when it became the newest, `until` when another took its place (null: it is the newest). */
export type Standing = {
  pin: string;
  name: string;
  kind: DatasetManifest["kind"];
  bytes: number;
  since: string;
  until: string | null;
};

/** What is removed and why, what a rule would remove but something needs, and newest versions older than a policy lets them be. */
export type RemovalPlan = {
  remove: { pin: string; bytes: number; why: string }[];
  kept: { pin: string; bytes: number; why: string }[];
  overdue: { pin: string; why: string }[];
};

const dayMs = 86_400_000;

/**
 * Plans which versions go. A person's rule keeps a version that either of its bounds keeps; a policy's days are a bound of
 * their own. Never removed: the newest of a dataset, what is under a legal hold, and what `needed` names (why, by pin).
 * Without a rule nothing goes.
 */
export function planRemoval(
  versions: readonly Standing[],
  rules: readonly RetentionTable[],
  needed: ReadonlyMap<string, string>,
  now: Date,
): RemovalPlan {
  const plan: RemovalPlan = { remove: [], kept: [], overdue: [] };
  const byName = Map.groupBy(versions, ({ name }) => name);
  for (const own of byName.values()) {
    const newestFirst = [...own].reverse();
    for (const [place, version] of newestFirst.entries()) {
      const why = rulesFor(rules, version)
        .map((rule) => lapsed(rule, version, place, now))
        .find((said) => said !== null);
      if (!why) continue;
      const { pin, bytes } = version;
      const hold = heldBy(rules, version);
      if (version.until === null) plan.overdue.push({ pin, why });
      else if (hold) plan.kept.push({ pin, bytes, why: `legal hold: ${hold.reason}` });
      else if (needed.has(pin)) plan.kept.push({ pin, bytes, why: needed.get(pin)! });
      else plan.remove.push({ pin, bytes, why });
    }
  }
  return { remove: plan.remove.sort(byPin), kept: plan.kept.sort(byPin), overdue: plan.overdue.sort(byPin) };
}

const byPin = (a: { pin: string }, b: { pin: string }): number => (a.pin < b.pin ? -1 : 1);

/** Why a rule doesn't keep a version any more; null where it does. `place`: how many newer ones there are. */
function lapsed(rule: RetentionTable, version: Standing, place: number, now: Date): string | null {
  const { source, keep_versions: most, keep_days: days, reason } = rule;
  if (source !== "person") {
    if (days === null || ageDays(version.since, now) <= days) return null;
    return `a policy lets it be kept for ${days} days (${reason})`;
  }
  if (version.until === null || (most === null && days === null)) return null;
  if (most !== null && place < most) return null;
  if (days !== null && ageDays(version.until, now) <= days) return null;
  const said = [
    ...(most === null ? [] : [`${place} newer versions, ${most} are kept`]),
    ...(days === null ? [] : [`replaced ${Math.floor(ageDays(version.until, now))} days ago, ${days} are kept`]),
  ];
  return `${said.join("; ")} (${reason})`;
}

const ageDays = (at: string, now: Date): number => (now.getTime() - Date.parse(at)) / dayMs;
