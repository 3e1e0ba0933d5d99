import { setImmediate } from "node:timers/promises";
import type { EvaluationReport } from "@muster/shared/domain/evaluation-report.ts";
import type { Task } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { takeRows } from "../encode.ts";
import type { Evaluation } from "../evaluate.ts";
import { answersOf, scoredOf } from "../holdout.ts";
import type { FeatureColumn } from "../matrix.ts";
import { namedColumn } from "../nearest.ts";
import type { OpenModel } from "../onnx/run.ts";
import type { CostMatrix, MetricName } from "../training/job.ts";
import { direction } from "../training/metrics.ts";
import { type Scored, weightedMetrics } from "../weighted-metrics.ts";
import { groupFigures } from "./groups.ts";
import { permutationImportance } from "./permutation.ts";
import { atThresholds, costOfThreshold } from "./thresholds.ts";

/** What somebody wants to see beside the usual: thresholds (two classes), the costs of wrong answers, features to group rows by. */
export type Asked = { thresholds?: number[]; costs?: CostMatrix; by?: string[] };

/** Answers that permutation importance may take from the model, and repeats for each feature. */
const mostAnswers = 75_000;
const repeats = 3;
/** Fewer rows would tell of chance only. */
const fewestRows = 300;

/**
 * The asked features as the model names them. To be called before a hold-out is opened, so that a call that can't be
 * answered is no look. `not_found` for a feature that the model doesn't read (with the nearest), `invalid_input` for
 * thresholds or costs where the answer isn't one of two classes.
 */
export function checkAsked(
  { thresholds, costs, by }: Asked,
  task: Task,
  inputs: readonly { name: string }[],
): string[] | null {
  if (task !== "binary" && (thresholds !== undefined || costs !== undefined))
    throw fault(
      "invalid_input",
      `thresholds and costs are of a yes or a no; this model answers with ${task === "regression" ? "an amount" : "one of several classes"}`,
    );
  return by === undefined ? null : [...new Set(by.map((word) => namedColumn(inputs, word, "the model")))];
}

/** What a report is made of: the hold-out's rows with the model's answers, and the model itself to be asked again. */
export type ReportOf = {
  scored: Scored;
  columns: FeatureColumn[];
  clusters: readonly string[] | null;
  found: Evaluation;
  open: OpenModel;
  metric: MetricName;
  threshold: number | null;
  seed: number;
};

/** Everything that this look at the hold-out says: all metrics, thresholds, costs, groups of rows, permutation importance. */
export async function reportOf(of: ReportOf, { thresholds = [], costs, by }: Asked): Promise<EvaluationReport> {
  const { scored, columns, clusters, found, metric, threshold, seed } = of;
  const yesNo = scored.task === "binary" ? scored : null;
  const dense = found.entities === null || clusters === null ? null : denseClusters(clusters);
  return {
    metric,
    metrics: found.metrics,
    baseline: found.baseline,
    bootstrap: { repetitions: found.repetitions, entities: found.entities, seed },
    calibration: found.calibration,
    confusion: found.confusion?.counts ?? null,
    thresholds: yesNo && atThresholds(yesNo, threshold, thresholds, costs ?? null),
    costs: yesNo && costs && threshold !== null ? costOfThreshold(yesNo, threshold, costs) : null,
    gains: found.gains,
    residuals: found.residuals,
    groups: groupFigures(scored, columns, { metric, asked: by ?? null, clusters: dense, threshold, seed }),
    permutation: await permuted(of),
  };
}

/** Permutation importance on rows of the hold-out, evenly taken where asking about all would take too long. */
async function permuted({
  scored,
  columns,
  open,
  metric,
  threshold,
  seed,
}: ReportOf): Promise<EvaluationReport["permutation"]> {
  const all = scored.labels.length;
  const affordable = Math.floor(mostAnswers / (repeats * Math.max(1, columns.length)));
  const rows = Math.min(all, Math.max(fewestRows, affordable));
  const taken = Int32Array.from({ length: rows }, (_, i) => Math.floor((i * all) / rows));
  const labels = Float64Array.from(taken, (row) => scored.labels[row]!);
  const once = new Int32Array(rows).fill(1);
  const measured = async (asked: FeatureColumn[]) => {
    const answers = await answersOf(open, asked, rows);
    await setImmediate();
    return weightedMetrics(scoredOf(scored.task, labels, answers), threshold)(once)[metric] ?? Number.NaN;
  };
  const some = takeRows(columns, taken);
  // A ranking of rows of one class alone isn't defined, nor is its drop.
  const features = Number.isNaN(await measured(some))
    ? []
    : await permutationImportance({
        ...{ columns: some, rows, metric: measured, sign: direction(metric), repeats },
        random: seededRandom(seed),
      });
  return { rows, repeats, features };
}
