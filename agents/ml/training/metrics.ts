import { fault } from "@muster/shared/fault.ts";
import {
  accuracy,
  averagePrecision,
  brier,
  f1Macro,
  logLoss,
  mae,
  r2,
  rmse,
  rocAuc,
  rocAucMacro,
} from "@muster/shared/stats/metrics.ts";
import type { FittedModel } from "../fitted.ts";
import type { CvMetric, MetricName } from "./job.ts";

/** The metrics reported for a task. */
export const metricsOf: Record<FittedModel["task"], readonly MetricName[]> = {
  binary: ["roc_auc", "average_precision", "log_loss", "brier", "f1_macro", "accuracy"],
  multiclass: ["roc_auc", "log_loss", "f1_macro", "accuracy"],
  regression: ["rmse", "mae", "r2"],
};

const lowerIsBetter: ReadonlySet<MetricName> = new Set(["log_loss", "brier", "rmse", "mae"]);

/** 1 where more is better, −1 where less is. */
export const direction = (metric: MetricName): 1 | -1 => (lowerIsBetter.has(metric) ? -1 : 1);

/** Answers for some rows: probabilities per class and the class served; or values alone for regression. */
export type Answers = { labels: Float64Array; prediction: Float64Array[]; served: Int32Array | null };

/** A metric of answers; null where it isn't defined on these rows (one class only). `invalid_input` where it isn't of the task. */
export function measure(metric: MetricName, task: FittedModel["task"], answers: Answers): number | null {
  if (!metricsOf[task].includes(metric)) {
    throw fault(
      "invalid_input",
      `${metric} isn't a metric of a ${task} problem; use one of ${metricsOf[task].join(", ")}`,
    );
  }
  const { labels, prediction, served } = answers;
  const [first] = prediction;
  if (metric === "rmse") return rmse(labels, first!);
  if (metric === "mae") return mae(labels, first!);
  const varied = labels.some((label) => label !== labels[0]);
  if (metric === "r2") return varied ? r2(labels, first!) : null;
  if (metric === "log_loss") return logLoss(labels, prediction);
  if (metric === "brier") return brier(labels, prediction[1]!);
  if (metric === "accuracy") return accuracy(labels, served!);
  if (metric === "f1_macro") return f1Macro(labels, served!);
  if (!varied) return null;
  if (metric === "average_precision") return averagePrecision(labels, prediction[1]!);
  return task === "binary" ? rocAuc(labels, prediction[1]!) : rocAucMacro(labels, prediction);
}

/** Mean, standard error (sd / √folds; null below two) and the folds of a metric. */
export function summarise(folds: (number | null)[]): CvMetric {
  const known = folds.filter((value) => value !== null);
  if (known.length === 0) throw fault("unfit", "no fold holds both classes; the metric can't be measured");
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
  return { mean, se: known.length > 1 ? Math.sqrt(variance / known.length) : null, folds };
}
