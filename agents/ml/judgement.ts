import type { RunResult } from "@muster/shared/domain/model.ts";
import type { Problem, Task } from "@muster/shared/domain/problem.ts";
import { FEWEST, scarce } from "@muster/shared/features/enough.ts";
import { direction, metricsOf } from "./training/metrics.ts";

/** Figures under the keys that every answer uses, in their order; those that aren't defined are left out. */
export function answerFigures<T, V>(
  task: Task,
  from: Record<string, T | null>,
  as: (value: T) => V,
): Record<string, V> {
  const known = metricsOf[task].filter((name) => from[name] !== undefined && from[name] !== null);
  return Object.fromEntries(known.map((name) => [name, as(from[name] as T)]));
}

const countsOf = (labels: Float64Array, classes: readonly string[]) =>
  classes.map((label, k) => ({ label, rows: labels.reduce((n, value) => n + Number(value === k), 0) }));

/**
 * Why a model may only be explored with, not relied on: too few rows of the scarcer side to develop on or in the hold-out,
 * or it is no better than the constant, over the folds or in the hold-out. Empty where it may be relied on.
 * `labels`: class indices (or numbers) of the hold-out's rows.
 */
export function exploratoryReasons(
  run: Pick<RunResult, "task" | "classes" | "classCounts" | "rows" | "beatsConstant">,
  metric: Problem["metric"],
  holdout: { labels: Float64Array; metrics: Record<string, number>; baseline: Record<string, number> },
): string[] {
  const { task, classes, classCounts, rows, beatsConstant } = run;
  const trained = classes.map((label, k) => ({ label, rows: classCounts[k]! }));
  const sides = {
    training: scarce(task, trained, rows),
    holdout: scarce(task, countsOf(holdout.labels, classes), holdout.labels.length),
  };
  const what =
    task === "regression" ? "rows" : task === "binary" ? "rows of the rarer class" : "rows outside the largest class";
  const few = (["training", "holdout"] as const)
    .filter((side) => sides[side] < FEWEST[side])
    .map(
      (side) =>
        `${sides[side]} ${what} ${side === "training" ? "to develop on" : "in the hold-out"}, fewer than ${FEWEST[side]}`,
    );
  const [own, constant] = [holdout.metrics[metric], holdout.baseline[metric]];
  const better = own !== undefined && constant !== undefined && direction(metric) * (own - constant) > 0;
  return [
    ...few,
    ...(beatsConstant ? [] : ["no better than the constant baseline over the folds"]),
    ...(better ? [] : ["no better than the constant baseline in the hold-out"]),
  ];
}
