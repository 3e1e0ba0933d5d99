import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { featureName } from "./names.ts";
import { windowName } from "./related-candidates.ts";
import type { ScopeTable } from "./scope.ts";

const RATE_DAYS = [1, 7, 30];
const MOST_MEANS = 3;
/** A category of fewer values is told apart by the model itself; one of fewer rows each has no mean. */
const FEWEST_VALUES = 15;
const ROWS_A_VALUE = 20;
const SMOOTHING = 20;
const FOLDS = 5;

/**
 * Features that read labels of other rows: rates by each key of the own past, and means of categories with many values.
 * Where rows have a time, only if it is said how long after the event their label is known.
 */
export function labelCandidates(
  { manifest, stats }: ScopeTable,
  keys: readonly string[],
  columns: readonly Column[],
  problem: Problem,
): Feature[] {
  const { task, time, label, labelDelayDays: delayDays } = problem;
  if (task === "multiclass" || label.kind !== "column" || (time !== null && delayDays === 0)) return [];
  const range = time === null ? undefined : stats[time];
  const history = range === undefined || range.min === null ? 0 : range.max! - range.min;
  const rates = keys.flatMap((key) =>
    RATE_DAYS.filter((days) => delayDays + days <= history / 3).map(
      (days): Feature => ({
        ...{ kind: "label_rate", name: featureName(key, "rate", windowName(days)), key, days, delayDays },
      }),
    ),
  );
  const many = columns.filter((c) => {
    const s = stats[c.name]!;
    return c.type === "text" && s.distinct >= FEWEST_VALUES && s.distinct * ROWS_A_VALUE <= manifest.rows;
  });
  const known = time === null ? { delayDays: null, folds: FOLDS } : { delayDays, folds: null };
  const means = many.slice(0, MOST_MEANS).map(
    ({ name }): Feature => ({
      ...{ kind: "target_mean", name: featureName(name, "target_mean"), column: name, smoothing: SMOOTHING, ...known },
    }),
  );
  return [...rates, ...means];
}
