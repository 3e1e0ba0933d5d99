/**
 * A process of a nested evaluation: reads a public table, and for each part of it that it is sent tunes and trains on the
 * rest and answers how well the model does on that part, with an untuned one beside it.
 */
import { predictFitted } from "@muster/ml/score.ts";
import { fitCandidate } from "@muster/ml/training/fit-candidate.ts";
import { planFolds } from "@muster/ml/training/fold-plan.ts";
import { selectCandidates } from "@muster/ml/training/select-candidates.ts";
import type { TrainingSet } from "@muster/ml/training/train.ts";
import { engineDefaults } from "@muster/ml/tuning/spaces.ts";
import { loadXgboost } from "@muster/ml/xgboost/library.ts";
import { rmse, rocAuc } from "@muster/shared/stats/metrics.ts";
import { byMonth } from "./bike.ts";
import { type PublicTable, readPublicTable } from "./public-set.ts";
import { shapeOf, takeSet, train, tuneOn } from "./tuned-model.ts";

/**
 * What such a process is sent. `part`: one of `outer` stratified folds of a seed, or the months after the first 18;
 * `cpuSeconds`: for search and final training together.
 */
export type FoldJob = {
  table: PublicTable;
  part: { outer: number; fold: number } | "later";
  seed: number;
  trials: number;
  cpuSeconds: number;
};

/**
 * What came of it. `tuned`, `untuned`: AUC of a classification (untuned: plain logistic regression), RMSE of a regression
 * (untuned: XGBoost's defaults, 100 rounds); `seconds` by the wall clock, for search and training.
 */
export type FoldAnswer = {
  seed: number;
  fold: number;
  tuned: number;
  untuned: number;
  chosen: string;
  trials: number;
  cpuSeconds: number;
  seconds: number;
};

const sets = new Map<string, Promise<TrainingSet>>();

async function answer({ table, part, seed, trials, cpuSeconds }: FoldJob): Promise<FoldAnswer> {
  const key = table.file.join("/");
  const reading = sets.get(key) ?? readPublicTable(table);
  sets.set(key, reading);
  const set = await reading;
  const { inside, outside } = split(set, part, seed);
  const from = performance.now();
  const tuned = await tuneOn(inside, { metric: table.metric, seed, trials, cpuSeconds });
  const seconds = (performance.now() - from) / 1000;
  const scored = predictFitted(tuned.fitted, outside.columns);
  const truth = outside.labels.values;
  const regression = table.task === "regression";
  return {
    ...{ seed, fold: part === "later" ? 0 : part.fold, chosen: tuned.chosen, trials: tuned.trials },
    tuned: regression ? rmse(truth, scored.values!) : rocAuc(truth, scored.probabilities[1]!),
    untuned: regression ? defaultsRmse(inside, outside) : await logisticAuc(inside, outside, table, seed),
    ...{ cpuSeconds: tuned.spent, seconds },
  };
}

function split(set: TrainingSet, part: FoldJob["part"], seed: number) {
  if (part === "later") {
    const { early, late } = byMonth(set);
    return { inside: takeSet(set, early), outside: takeSet(set, late) };
  }
  const { train: rest, valid } = planFolds(set.labels, set, part.outer, seed).splits[part.fold]!;
  return { inside: takeSet(set, rest), outside: takeSet(set, valid) };
}

async function logisticAuc(inside: TrainingSet, outside: TrainingSet, { metric }: PublicTable, seed: number) {
  const linear = selectCandidates(shapeOf(inside, 5)).filter(({ params }) => params.algorithm === "linear");
  const { fitted } = await train(inside, linear, metric, seed, 600);
  return rocAuc(outside.labels.values, predictFitted(fitted, outside.columns).probabilities[1]!);
}

function defaultsRmse(inside: TrainingSet, outside: TrainingSet): number {
  // Trees without early stopping, as the library's own defaults have them: what a forest's settings are made of too.
  const trees = { ...engineDefaults, rounds: 100, parallelTrees: 1, gamma: 0, columnsPerTree: 1 };
  const fitted = fitCandidate(
    { name: "untuned", params: { algorithm: "random_forest", trees } },
    inside.columns,
    inside.labels,
    { xgboost: loadXgboost(null), threads: 1, seed: 0, inner: () => [], onStep: () => {} },
  );
  try {
    return rmse(outside.labels.values, fitted.margins(outside.columns)[0]!);
  } finally {
    fitted.free();
  }
}

process.on("disconnect", () => process.exit(0));
process.on("message", async (job: FoldJob) => {
  try {
    process.send!({ answer: await answer(job) });
  } catch (error) {
    process.send!({ error: String((error as Error).stack) });
  }
});
