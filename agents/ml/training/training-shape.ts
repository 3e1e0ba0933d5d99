import type { FactValue } from "@muster/shared/fact/table.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { classCounts, type Labels } from "../labels.ts";
import { positiveOf } from "../positive.ts";
import { type FoldPlan, planFolds } from "./fold-plan.ts";
import { labelTiming } from "./known-labels.ts";
import { readTrainingSet } from "./read-training-set.ts";
import type { TrainingShape } from "./select-candidates.ts";

/** Folds of a comparison; with many rows fewer say as much. */
const foldsFor = (rows: number): number => (rows < 200_000 ? 5 : 3);

/** Which training file, and of what. */
export type ShapedTraining = {
  problem: FactValue<"problem.defined">;
  checked: FactValue<"training_set.passed">;
  training: FactValue<"features.materialized">;
};

/**
 * What candidates are scaled to and how they are compared on a training file: labels, entities and times alone are read, no
 * feature. `features`: the file's columns but for those that the check left out.
 */
export async function trainingShape(
  { problem, checked, training }: ShapedTraining,
  { lake, threads, seed }: { lake: Lake; threads: number; seed: number },
): Promise<{ shape: TrainingShape; plan: FoldPlan; labels: Labels; features: typeof training.columns }> {
  const left = new Set(checked.dropped.map(({ name }) => name));
  const features = training.columns.filter(({ name }) => !left.has(name));
  await lake.standing(training.dataset);
  const set = await readTrainingSet({
    ...{ file: lake.file(training.dataset), task: problem.task, positive: positiveOf(problem) },
    ...{ features: [], time: null, known: labelTiming(problem), threads, memoryMb: 1024 },
  });
  const rows = set.labels.values.length;
  const plan = planFolds(set.labels, set, foldsFor(rows), seed);
  const shape: TrainingShape = {
    ...{ task: problem.task, rows, classes: set.labels.classes.length, folds: plan.folds },
    numbers: features.filter(({ type }) => type === "number").length,
    categories: features.filter(({ type }) => type === "category").length,
    minority: problem.task === "regression" ? null : Math.min(...classCounts(set.labels)),
  };
  return { shape, plan, labels: set.labels, features };
}
