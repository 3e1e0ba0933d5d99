import type { Task } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import type { MetricName } from "../training/job.ts";
import { direction, metricsOf } from "../training/metrics.ts";
import type { ListedRun } from "./run.ts";

/** What several runs answer alike: the metric they are compared by, 1 where more of it is better, and the task where it is known. */
export type Question = { metric: string; direction: 1 | -1; task: Task | null };

const usual: Record<Task, MetricName> = { binary: "roc_auc", multiclass: "roc_auc", regression: "rmse" };
const less = /(loss|error|brier|rmse|mae|mse|deviation)/i;

/**
 * The one question that runs answer. `invalid_input` where they answer several (another dataset, target or task), or where
 * the metric isn't one of that task; of runs begun outside, where they don't say what they answer, any logged metric is taken.
 */
export function oneQuestion(
  runs: readonly ListedRun[],
  { metric: asked, better }: { metric?: string; better?: "higher" | "lower" },
): Question {
  for (const key of ["dataset", "target", "task"] as const) {
    const said = runs.filter((run) => run[key] !== null);
    const other = said.find((run) => run[key] !== said[0]![key]);
    if (other)
      throw fault(
        "invalid_input",
        `${said[0]!.id} and ${other.id} have another ${key} (${said[0]![key]}, ${other[key]}): their figures can't be compared`,
        { runs: [said[0]!.id, other.id], [key]: [said[0]![key], other[key]] },
      );
  }
  const task = runs.find((run) => run.task !== null)?.task ?? null;
  if (task !== null) {
    const metric = asked ?? usual[task];
    const known = metricsOf[task] as readonly string[];
    if (known.includes(metric)) {
      const way = direction(metric as MetricName);
      if (better && (better === "higher") !== way > 0)
        throw fault("invalid_input", `better: of ${metric} ${way > 0 ? "more" : "less"} is better; leave it out`);
      return { metric, direction: way, task };
    }
    throw fault("invalid_input", `${metric} isn't a metric of a ${task} problem; use one of ${known.join(", ")}`);
  }
  if (asked === undefined)
    throw fault("invalid_input", "these runs were begun outside: name the metric that they are compared by");
  const lower = better ? better === "lower" : less.test(asked);
  return { metric: asked, direction: lower ? -1 : 1, task };
}
