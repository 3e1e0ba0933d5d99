import type { Problem } from "@muster/shared/domain/problem.ts";
import type { Answer } from "@muster/shared/domain/request.ts";
import { hasNoOwnRow } from "@muster/shared/features/label-rule.ts";
import { populationWords, ruleWords } from "@muster/shared/features/label-words.ts";

const plural = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? "" : "s"}`;

/** The label in words: a column's value or class, or an interval's end. */
function labelOf({ label, dataset, entity }: Problem): string {
  if (label.kind === "column") return label.positive === null ? label.column : `${label.column} is ${label.positive}`;
  if (hasNoOwnRow(label)) return ruleWords(dataset, label);
  return `${label.end} of ${dataset} falls inside the horizon and no new one of the same ${entity} starts within ${plural(label.graceDays, "day")}`;
}

function populationOf(problem: Problem): string {
  const { label, dataset, entity, cutoffs, population } = problem;
  if (label.kind === "forecast")
    return label.series === null
      ? `the series of ${dataset}`
      : `every ${label.series} of ${dataset} that had values a season before`;
  if (population) return `every ${entity} ${populationWords(problem, cutoffs.scoring ?? "the cutoff")}`;
  if (label.kind === "column") return entity === null ? `every row of ${dataset}` : `every ${entity} of ${dataset}`;
  return `every ${entity} with a row of ${dataset} running on ${cutoffs.scoring ?? "the cutoff"}`;
}

/** The problem as the answer shows it. Without cutoffs its horizon says so. */
export function problemFields(problem: Problem): NonNullable<Answer["problem"]> {
  const { cutoffs, horizon } = problem;
  return {
    sentence: problem.sentence,
    population: populationOf(problem),
    entity: problem.entity ?? "row",
    cutoffs: [...cutoffs.training, cutoffs.holdout, ...(cutoffs.sealed ?? []), cutoffs.scoring].filter(
      (one) => one !== null,
    ),
    horizon: horizon
      ? `${plural(horizon.count, horizon.unit)}${problem.gapDays ? ` after a gap of ${plural(problem.gapDays, "day")}` : ""}`
      : "none: one table with a finished label",
    label: labelOf(problem),
    labelDelay: problem.labelDelayDays === 0 ? "none" : plural(problem.labelDelayDays, "day"),
    task: problem.task,
    metric: problem.metric,
  };
}
