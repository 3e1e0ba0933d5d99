import { setImmediate } from "node:timers/promises";
import { hashOf } from "@muster/shared/canonical.ts";
import { type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { takeRows } from "./encode.ts";
import type { Labels } from "./labels.ts";
import type { FeatureColumn } from "./matrix.ts";
import type { OpenModel } from "./onnx/run.ts";
import type { Scored } from "./weighted-metrics.ts";

const chunkRows = 4096;

/** What a model says of each row: one array per class, or the one of values, in float64. */
export async function answersOf(open: OpenModel, columns: FeatureColumn[], rows: number): Promise<Float64Array[]> {
  let out: Float64Array[] = [];
  for (let start = 0; start < rows; start += chunkRows) {
    const part = Int32Array.from({ length: Math.min(chunkRows, rows - start) }, (_, i) => start + i);
    const answer = await open.run(takeRows(columns, part), part.length);
    const [values, width] = answer.kind === "values" ? [answer.values, 1] : [answer.probabilities, answer.classes];
    if (start === 0) out = Array.from({ length: width }, () => new Float64Array(rows));
    for (let row = 0; row < answer.rows; row++)
      for (let k = 0; k < width; k++) out[k]![start + row] = values[row * width + k]!;
    await setImmediate();
  }
  return out;
}

/**
 * Labels as indices into the model's classes (numbers for regression), and the rows they are of: a class that the model
 * never met can't be judged, its rows are left out.
 */
export function inModelClasses(labels: Labels, classes: readonly string[]): { rows: Int32Array; values: Float64Array } {
  const all = Int32Array.from(labels.values, (_, row) => row);
  if (labels.task === "regression") return { rows: all, values: labels.values };
  const place = labels.classes.map((label) => classes.indexOf(label));
  const rows = all.filter((row) => place[labels.values[row]!]! >= 0);
  if (rows.length === 0) throw fault("unfit", "the hold-out has no row of a class that the model knows");
  return { rows, values: Float64Array.from(rows, (row) => place[labels.values[row]!]!) };
}

/** Labels and answers as the metrics take them. */
export function scoredOf(task: Problem["task"], labels: Float64Array, answers: Float64Array[]): Scored {
  if (task === "regression") return { task, labels, values: answers[0]! };
  if (task === "binary") return { task, labels, probabilities: answers[1]! };
  return { task, labels, probabilities: answers };
}

/**
 * The hash of what is sealed: the rows that the problem's rule holds out of one version of the label's table, whatever
 * features are read for them. Every look at the same rows counts, also through another view, metric or set of exclusions.
 */
export function sealedOf(problem: Problem, scope: readonly DatasetPin[]): string {
  const { dataset, target, task, entity, label, holdout, cutoffs, horizon, labelDelayDays, gapDays, population } =
    problem;
  const table = scope.find((pin) => parseDatasetRef(pin).name === dataset);
  if (!table) throw fault("broken_contract", `the scope doesn't hold the label's dataset ${dataset}`);
  const when = { cutoff: cutoffs.holdout, sealed: cutoffs.sealed, horizon, gapDays, labelDelayDays };
  return hashOf({ table, target, task, entity, population, label, holdout, ...when });
}
