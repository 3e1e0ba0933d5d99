import { fault } from "@muster/shared/fault.ts";
import type { FittedModel } from "./fitted.ts";

/** The labels of a training set: class indices into `classes` for classification, numbers for regression. */
export type Labels = { task: FittedModel["task"]; classes: string[]; values: Float64Array };

/** The labels of the given rows. */
export const takeLabels = (labels: Labels, rows: Int32Array): Labels => ({
  ...labels,
  values: Float64Array.from(rows, (row) => labels.values[row]!),
});

/** Rows of each class, in the order of `classes`. */
export function classCounts(labels: Labels): number[] {
  const counts = labels.classes.map(() => 0);
  for (const label of labels.values) counts[label]!++;
  return counts;
}

/** The share of each class (classification), or the mean label (regression). */
export function baseline(labels: Labels): number[] {
  const rows = labels.values.length;
  if (rows === 0) throw fault("unfit", "there is no labelled row");
  if (labels.task === "regression") return [labels.values.reduce((sum, y) => sum + y, 0) / rows];
  return classCounts(labels).map((count) => count / rows);
}

/**
 * Labels from class names. Binary: [negative, positive]; without a named positive class the rarer one is positive
 * (the later in order where both are as frequent). Multiclass: in the order of the alphabet.
 * `unfit` where there is one class, or more than two and the task is binary.
 */
export function labelsFromNames(names: string[], task: "binary" | "multiclass", positive: string | null): Labels {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const classes = [...counts.keys()].sort();
  if (classes.length < 2) throw fault("unfit", "the label has one class only; there is nothing to tell apart");
  if (task === "binary") {
    if (classes.length > 2) throw fault("unfit", `a binary label has two classes, this one ${classes.length}`);
    if (positive !== null && !counts.has(positive)) throw fault("unfit", "no row has the positive class");
    const rarer = counts.get(classes[0]!)! < counts.get(classes[1]!)! ? classes[0] : classes[1];
    if (classes[0] === (positive ?? rarer)) classes.reverse();
  }
  const index = new Map(classes.map((name, i) => [name, i]));
  return { task, classes, values: Float64Array.from(names, (name) => index.get(name)!) };
}
