import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import { calibrate } from "@muster/shared/estimate/calibrate.ts";
import { expectedCpuSeconds, expectedMemoryMb } from "@muster/shared/estimate/expected.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";
import { type Labels, labelsFromNames } from "../labels.ts";
import { positiveOf } from "../positive.ts";
import type { FeatureInput } from "../scoring/read-features.ts";
import { sampleMatrix } from "../scoring/read-matrix.ts";
import { factOf, workOf } from "../training/candidate-facts.ts";
import { neighbourSignal } from "../training/neighbours.ts";
import { designColumns, selectCandidates } from "../training/select-candidates.ts";
import { trainingShape } from "../training/training-shape.ts";

/** Differences that finding neighbours may take: some tenths of a second. */
const mostDifferences = 2e7;

export const selectModel = tool({
  name: "select_model",
  does: "Proposes the candidates worth comparing for data of this shape and noise (after a search: the best settings of it), what each should take, and how they are validated. Nothing is trained.",
  effect: "read",
  input: z.object({}),
  output: facts["candidates.chosen"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "training_set.passed", as: "checked" },
    { is: "features.materialized", role: "training", as: "training" },
    { is: "parameters.tuned", as: "tuned", optional: true },
  ],
  gives: [{ is: "candidates.chosen" }],
  cost: { ms: 400 },
  run: async ({ problem, checked, training, tuned }, { lake, threads, seed, speed }: Context & MlDeps) => {
    const read = await trainingShape({ problem, checked, training }, { lake, threads, seed });
    const { plan, features } = read;
    const { rows } = read.shape;
    const signal = await signalOf(lake, training.dataset, features, read.labels, positiveOf(problem));
    const shape = { ...read.shape, signal };
    const all = tuned && !problem.outside ? tuned.candidates : selectCandidates(shape).map(factOf);
    // A model made outside is held to a constant and to a plain linear model of the same columns; nothing is trained in its place.
    const yardsticks = all.filter(({ algorithm }) => algorithm === "constant" || algorithm === "linear");
    const candidates = problem.outside ? yardsticks : all;
    const { task, classes, minority, numbers } = shape;
    const columns = designColumns(shape);
    const passes = plan.splits.reduce((sum, { train }) => sum + train.length, 0) / rows;
    const validation = `${plan.folds} folds (${plan.kind}): ${plan.why}`;
    const data = {
      ...{ task, classes, passes },
      rarest: minority === null ? null : minority / rows,
      indicators: columns - numbers,
    };
    // What finished runs on this machine say beside its speed, cost.estimate_training knows.
    const model = calibrate([], speed);
    const proposed = candidates.map((candidate) => {
      const race = { rows, columns, folds: plan.folds, threads, data };
      const works = [workOf(candidate.algorithm, candidate.parameters, race)];
      const expected = { cpuSeconds: expectedCpuSeconds(model, works), memoryMb: expectedMemoryMb(model, works) };
      return { ...candidate, expected };
    });
    return {
      candidates: proposed,
      ...{ rows, columns, folds: plan.folds, validation, data, signal },
      ...(tuned && { search: { search: tuned.search, left: tuned.left } }),
      verdict: `${candidates.map(({ id }) => id).join(", ")}; the nearest rows tell ${(100 * signal).toFixed(0)} % of a row's label; ${validation}`,
    };
  },
});

/** What neighbours tell of the label, on rows of the training file that are evenly spread. */
async function signalOf(
  lake: MlDeps["lake"],
  training: DatasetPin,
  features: readonly FeatureInput[],
  { task }: Labels,
  positive: string | null,
): Promise<number> {
  if (features.length === 0) return 0;
  const most = Math.round(Math.min(800, Math.max(200, Math.sqrt(mostDifferences / features.length))));
  const label = { name: "__label", type: task === "regression" ? ("number" as const) : ("category" as const) };
  const { columns } = await sampleMatrix(lake, training, [...features, label], most);
  const values = columns.pop()!.values;
  if (values instanceof Float64Array) return neighbourSignal(columns, { task: "regression", classes: [], values });
  // Of a rare class the sample may hold no row at all.
  if (new Set(values).size < 2) return 0;
  const named = task === "binary" && positive !== null && values.includes(positive) ? positive : null;
  return neighbourSignal(columns, labelsFromNames(values, task === "binary" ? "binary" : "multiclass", named));
}
