import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";
import { classCounts } from "../labels.ts";
import { positiveOf } from "../positive.ts";
import { factOf } from "../training/candidate-facts.ts";
import { planFolds } from "../training/fold-plan.ts";
import { readTrainingSet } from "../training/read-training-set.ts";
import { designColumns, selectCandidates } from "../training/select-candidates.ts";

/** Folds of the comparison; with many rows fewer say as much. */
const foldsFor = (rows: number): number => (rows < 200_000 ? 5 : 3);

export const selectModel = tool({
  name: "select_model",
  does: "Proposes the candidates worth comparing for data of this shape, and how they are validated. Nothing is trained.",
  effect: "read",
  input: z.object({}),
  output: facts["candidates.chosen"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "training_set.passed", as: "checked" },
    { is: "features.materialized", role: "training", as: "training" },
  ],
  gives: [{ is: "candidates.chosen" }],
  cost: { ms: 400 },
  run: async ({ problem, checked, training }, { lake, threads, seed }: Context & MlDeps) => {
    const left = new Set(checked.dropped.map(({ name }) => name));
    const features = training.columns.filter(({ name }) => !left.has(name));
    await lake.standing(training.dataset);
    // Labels, entities and times alone: no feature is read.
    const set = await readTrainingSet({
      file: lake.file(training.dataset),
      task: problem.task,
      positive: positiveOf(problem),
      features: [],
      time: null,
      threads,
      memoryMb: 1024,
    });
    const rows = set.labels.values.length;
    const plan = planFolds(set.labels, set, foldsFor(rows), seed);
    const shape = {
      task: problem.task,
      rows,
      numbers: features.filter(({ type }) => type === "number").length,
      categories: features.filter(({ type }) => type === "category").length,
      classes: set.labels.classes.length,
      minority: problem.task === "regression" ? null : Math.min(...classCounts(set.labels)),
      folds: plan.folds,
    };
    const candidates = selectCandidates(shape);
    const { task, classes, minority, numbers } = shape;
    const columns = designColumns(shape);
    const passes = plan.splits.reduce((sum, { train }) => sum + train.length, 0) / rows;
    const validation = `${plan.folds} folds (${plan.kind}): ${plan.why}`;
    return {
      candidates: candidates.map(factOf),
      rows,
      columns,
      folds: plan.folds,
      validation,
      data: {
        task,
        classes,
        rarest: minority === null ? null : minority / rows,
        indicators: columns - numbers,
        passes,
      },
      verdict: `${candidates.map(({ name }) => name).join(", ")}; ${validation}`,
    };
  },
});
