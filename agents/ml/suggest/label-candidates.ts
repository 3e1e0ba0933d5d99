import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { featureName } from "./names.ts";
import { windowName } from "./related-candidates.ts";
import type { ScopeTable } from "./scope.ts";

const RATE_DAYS = [1, 7, 30];

/**
 * Rates of the label by each key of the own past, where it is said how long after the event a label is known.
 * Means of categories are no candidates: no row that is new at serving could be given one, as only entities are looked up.
 */
export function labelCandidates({ stats }: ScopeTable, keys: readonly string[], problem: Problem): Feature[] {
  const { task, time, label, labelDelayDays: delayDays } = problem;
  if (task === "multiclass" || label.kind !== "column" || time === null || delayDays === 0) return [];
  const range = stats[time];
  const history = range === undefined || range.min === null ? 0 : range.max! - range.min;
  return keys.flatMap((key) =>
    RATE_DAYS.filter((days) => delayDays + days <= history / 3).map(
      (days): Feature => ({
        ...{ kind: "label_rate", name: featureName(key, "rate", windowName(days)), key, days, delayDays },
      }),
    ),
  );
}
