import type { Contender, FoldDifference } from "@muster/shared/domain/improvement.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import type { OutOfFoldFile } from "../experiments/kept-answers.ts";
import { servedClasses } from "../score.ts";
import type { MetricName } from "../training/job.ts";
import { direction, measure, summarise } from "../training/metrics.ts";
import { crossedThresholds } from "../training/threshold.ts";

type Task = RunResult["task"];

/** Of a run's out-of-fold answers, what a comparison reads. */
export type OutOfFoldAnswers = Pick<OutOfFoldFile, "fold" | "label" | "prediction">;

/** A finished run as one side of a comparison. */
export function contenderOf(run: RunResult, view: string): Contender {
  // An ensemble is formed of candidates that both sides raced; whether it was isn't a matter of budgets.
  const raced = run.board.filter(({ algorithm }) => algorithm !== "ensemble");
  const settings = raced.map(({ parameters }) => String(parameters.setting));
  const ended = raced
    .filter(({ cv }) => Object.keys(cv).length > 0)
    .map(({ parameters }) => String(parameters.setting));
  return {
    ...{ run: run.run, model: run.model, view, training: run.training, algorithm: run.algorithm },
    ...{ threshold: run.threshold, inputs: run.features, cpuSeconds: run.cpuSeconds },
    ...{ settings: ended, skipped: settings.filter((one) => !ended.includes(one)) },
    artifacts: { onnx: run.artifacts.onnx, fitted: run.artifacts.fitted, oof: run.artifacts.oof },
  };
}

/** Why two sides weren't given the same: candidates that one raced to its end and the other didn't; null where they were. */
export function unequal(a: Contender, b: Contender): string | null {
  const only = (one: Contender, other: Contender) =>
    one.settings.filter((setting) => !other.settings.includes(setting));
  const lacking = [...new Set([...only(a, b), ...only(b, a)])];
  return lacking.length === 0
    ? null
    : `their budgets weren't equal: ${lacking.join(", ")} finished on one side only, so nothing is concluded`;
}

/**
 * How much better the challenger is out of fold: the metric of both on each of the same folds, and the paired differences.
 * `conflict` where the two weren't validated on the same rows in the same folds: such scores can't be paired.
 */
export function foldDifference(
  { task, metric }: { task: Task; metric: MetricName },
  against: OutOfFoldAnswers,
  challenger: OutOfFoldAnswers,
): FoldDifference {
  const same =
    against.fold.length === challenger.fold.length &&
    against.fold.every((fold, row) => fold === challenger.fold[row]) &&
    against.label.every((label, row) => label === challenger.label[row]);
  if (!same)
    throw fault(
      "conflict",
      "base and challenger weren't validated on the same rows in the same folds; train both again",
    );
  const [before, after] = [byFold(task, metric, against), byFold(task, metric, challenger)];
  const sign = direction(metric);
  const folds = after.folds.map((value, fold) => {
    const other = before.folds[fold] ?? null;
    return value === null || other === null ? null : sign * (value - other);
  });
  const { mean, se } = summarise(folds);
  return { metric, against: before.mean, challenger: after.mean, mean, se, folds };
}

/** The metric on each fold, as the race measures it: classes are served at thresholds chosen on the other folds. */
function byFold(task: Task, metric: MetricName, answers: OutOfFoldAnswers) {
  const fold = Int32Array.from(answers.fold);
  const labels = Float64Array.from(answers.label);
  const prediction = answers.prediction.map((output) => Float64Array.from(output));
  const count = 1 + fold.reduce((most, one) => Math.max(most, one), -1);
  const thresholds = task === "binary" ? crossedThresholds(labels, prediction[1]!, fold, count, null) : null;
  const folds = Array.from({ length: count }, (_, k) => {
    const rows = Array.from(fold.keys()).filter((row) => fold[row] === k);
    const own = prediction.map((output) => Float64Array.from(rows, (row) => output[row]!));
    return measure(metric, task, {
      labels: Float64Array.from(rows, (row) => labels[row]!),
      prediction: own,
      served: task === "regression" ? null : servedClasses(own, thresholds?.[k] ?? null),
    });
  });
  return summarise(folds);
}

/** Whether a difference is above its noise: more than one standard error of the paired differences, as candidates are told apart. */
export const aboveNoise = ({ mean, se }: Pick<FoldDifference, "mean" | "se">): boolean => mean > (se ?? 0);
