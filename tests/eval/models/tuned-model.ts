import { takeRows } from "@muster/ml/encode.ts";
import type { FittedModel } from "@muster/ml/fitted.ts";
import { classCounts, takeLabels } from "@muster/ml/labels.ts";
import { auditColumns } from "@muster/ml/training/audit-columns.ts";
import { planFolds } from "@muster/ml/training/fold-plan.ts";
import type { Candidate, MetricName } from "@muster/ml/training/job.ts";
import { meterOf } from "@muster/ml/training/meter.ts";
import type { RaceContext } from "@muster/ml/training/race.ts";
import type { TrainingShape } from "@muster/ml/training/select-candidates.ts";
import { type Trained, type TrainingSet, trainOn } from "@muster/ml/training/train.ts";
import { scoreTrial } from "@muster/ml/tuning/evaluate-trial.ts";
import { paramsOf, runSearch, tunedCandidates } from "@muster/ml/tuning/run-search.ts";
import { type SearchPlan, type TrialDone, trialsOf } from "@muster/ml/tuning/search.ts";
import { tunedAlgorithms } from "@muster/ml/tuning/spaces.ts";
import { loadXgboost } from "@muster/ml/xgboost/library.ts";
import { seededRandom } from "@muster/shared/random.ts";

const xgboost = loadXgboost(null);

/** How a tuned model is made: as ml.tune_model and ml.train_model do with the same arguments, in this process. */
export type Tuning = { metric: MetricName; seed: number; trials: number; cpuSeconds: number };

/** The tuned model with the settings that were tried, and the CPU seconds of search and final training. */
export type Tuned = { fitted: FittedModel; chosen: string; trials: number; spent: number };

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Lets the end of the parent be heard between two fits. */
const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The given rows of a set. */
export function takeSet(set: TrainingSet, rows: Int32Array): TrainingSet {
  return {
    row: Float64Array.from(rows, (row) => set.row[row]!),
    entity: set.entity && Array.from(rows, (row) => set.entity![row]!),
    time: set.time && Float64Array.from(rows, (row) => set.time![row]!),
    labels: takeLabels(set.labels, rows),
    columns: takeRows(set.columns, rows),
  };
}

/** Searches, races and refits on a set alone: nothing else is seen. One thread; search and final training inside the CPU seconds. */
export async function tuneOn(set: TrainingSet, { metric, seed, trials, cpuSeconds: limit }: Tuning): Promise<Tuned> {
  const began = cpuSeconds();
  const folds = planFolds(set.labels, set, 5, seed);
  const { kept } = auditColumns(set.columns, set.labels, seededRandom(seed));
  const data = { columns: kept, labels: set.labels, plan: folds };
  const plan: SearchPlan = {
    ...{ seed, trials, together: 9 },
    shape: shapeOf(set, folds.folds),
    algorithms: tunedAlgorithms,
  };
  const context = { xgboost, threads: 1, seed, breathe, check: () => {} };
  const searched = await runSearch(plan, { cpuSeconds: limit, prior: () => 0.1 }, async (works) => {
    const done: TrialDone[] = [];
    for (const { cpuSecondsLimit: _, ...work } of works) {
      const from = cpuSeconds();
      const scores = await scoreTrial(data, { ...work, params: paramsOf(plan, work) }, metric, context);
      done.push({ ...work, scores, cpuSeconds: cpuSeconds() - from, stopped: null });
    }
    return done;
  });
  const candidates = tunedCandidates(plan, trialsOf(searched.done));
  const { fitted, chosen } = await train(set, candidates, metric, seed, limit - (cpuSeconds() - began));
  return { fitted, chosen, trials: new Set(searched.done.map(({ trial }) => trial)).size, spent: cpuSeconds() - began };
}

/** Races candidates on a set and refits the chosen one. */
export async function train(
  set: TrainingSet,
  candidates: Candidate[],
  metric: MetricName,
  seed: number,
  cpuSecondsLimit: number,
): Promise<Trained> {
  const began = cpuSeconds();
  const race: RaceContext = {
    ...{ xgboost, seed, threads: 1 },
    meter: meterOf(cpuSecondsLimit, () => cpuSeconds() - began),
    wallSeconds: () => performance.now() / 1000,
    breathe,
    onProgress: () => {},
  };
  return await trainOn(
    set,
    {
      ...{ file: "", features: [], positive: null, xgboostLibrary: null, memoryLimitMb: 4096 },
      ...{ task: set.labels.task, metric, candidates, folds: 5, time: null, costs: null, seed, threads: 1 },
      cpuSecondsLimit,
    },
    race,
  );
}

/** What candidates and spaces are scaled to. */
export function shapeOf({ labels, columns }: TrainingSet, folds: number): TrainingShape {
  return {
    task: labels.task,
    rows: labels.values.length,
    numbers: columns.filter(({ type }) => type === "number").length,
    categories: columns.filter(({ type }) => type === "category").length,
    classes: labels.classes.length,
    minority: labels.task === "regression" ? null : Math.min(...classCounts(labels)),
    folds,
  };
}
