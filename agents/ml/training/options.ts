import { fault } from "@muster/shared/fault.ts";
import { classCounts, type Labels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { FitOptions } from "./fit-candidate.ts";
import type { CostMatrix, TrainOptions } from "./job.ts";

/**
 * What every fit is held to, for these labels and columns. Balanced weights are rows / (classes × rows of the class), as in
 * scikit-learn's `class_weight`; they are the whole file's in every fold. `invalid_input` where an option doesn't suit the
 * problem: weights, prices or constraints without (two) classes, a class or feature that isn't there, an order of a category.
 */
export function fitOptionsOf(
  { options, costs }: { options?: TrainOptions; costs: CostMatrix | null },
  labels: Labels,
  columns: readonly Pick<FeatureColumn, "name" | "type">[],
): FitOptions {
  const { task } = labels;
  if (costs && task !== "binary")
    throw fault("invalid_input", `costs set the threshold between two classes; this is a ${task} problem`);
  if (!options) return { classWeights: null, monotone: {} };
  if (options.coverage !== null && task !== "regression")
    throw fault("invalid_input", `coverage is of an interval around a number; this is a ${task} problem`);
  checkMonotone(options.monotone, task, columns);
  return { classWeights: classWeightsOf(options.classWeights, labels), monotone: options.monotone };
}

function classWeightsOf(asked: TrainOptions["classWeights"], labels: Labels): number[] | null {
  if (asked === null) return null;
  const { task, classes, values } = labels;
  if (task === "regression") throw fault("invalid_input", "classWeights weigh classes; this is a regression problem");
  if (asked === "balanced") return classCounts(labels).map((count) => values.length / (classes.length * count));
  const unknown = Object.keys(asked).filter((name) => !classes.includes(name));
  if (unknown.length > 0)
    throw fault(
      "invalid_input",
      `classWeights names ${unknown.length} classes that the label hasn't got; it has ${classes.length}`,
    );
  return classes.map((name) => asked[name] ?? 1);
}

function checkMonotone(
  monotone: TrainOptions["monotone"],
  task: Labels["task"],
  columns: Parameters<typeof fitOptionsOf>[2],
): void {
  const names = Object.keys(monotone);
  if (names.length === 0) return;
  if (task === "multiclass")
    throw fault(
      "invalid_input",
      "monotone is defined for a number or two classes; of several classes none is the higher",
    );
  for (const name of names) {
    const column = columns.find((one) => one.name === name);
    if (!column) throw fault("invalid_input", `monotone names ${name}, which isn't among the features trained on`);
    if (column.type !== "number")
      throw fault("invalid_input", `monotone names ${name}, which is a category: its values have no order`);
  }
}
