import { Fault } from "@muster/shared/fault.ts";
import type { FittedModel } from "../fitted.ts";
import type { Labels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import { servedClasses } from "../score.ts";
import type { Xgboost } from "../xgboost/library.ts";
import { type Calibrated, calibrateOutOfFold } from "./calibrate.ts";
import type { FitOptions } from "./fit-candidate.ts";
import { fitRows } from "./fit-rows.ts";
import type { FoldPlan } from "./fold-plan.ts";
import type { BoardRow, Candidate, CostMatrix, Fittable, MetricName, TrainProgress } from "./job.ts";
import type { Meter } from "./meter.ts";
import { measure, metricsOf, summarise } from "./metrics.ts";
import { seedOf } from "./seed-of.ts";
import type { CompactColumn } from "./streamed/compact.ts";
import { crossedThresholds } from "./threshold.ts";

/** The rows of a run: feature columns, labels and the folds. `compact`: the columns where they are streamed; `columns` are then those of a sample. */
export type RaceData = { columns: FeatureColumn[]; labels: Labels; plan: FoldPlan; compact?: CompactColumn[] };

/** What a race needs beside the data; `wallSeconds` is a clock, `breathe` lets messages out between folds. */
export type RaceContext = {
  xgboost: Xgboost;
  threads: number;
  seed: number;
  /** What every candidate is held to; absent: nothing. */
  options?: FitOptions;
  meter: Meter;
  wallSeconds: () => number;
  breathe: () => Promise<void>;
  onProgress: (progress: TrainProgress) => void;
};

/** A finished candidate: its line, its calibrated out-of-fold answers and what a refit is expected to cost. */
export type Finished<Of extends Fittable = Fittable> = {
  row: BoardRow;
  candidate: Of;
  answers: HeldOutAnswers;
  refitCpuSeconds: number;
};

/** Out-of-fold answers of a candidate, and the margins that they are of; `calibrated` is null for regression. */
export type HeldOutAnswers = HeldOutMargins & { prediction: Float64Array[]; calibrated: Calibrated | null };

/** Out-of-fold margins of every row, one array per output, and the fold that held it out (−1: none did). */
export type HeldOutMargins = { fold: Int32Array; margins: Float64Array[] };

/** The lines of all candidates in their order, and those that finished. */
export type Race = { board: BoardRow[]; finished: Finished<Candidate>[] };

/** Room kept for the refit beyond what the folds suggest. */
const refitMargin = 1.25;

/**
 * Compares candidates on the same folds, one after the other. Everything learned (encoding, penalty, rounds, calibration,
 * threshold) is learned without the rows that are scored. A candidate that wouldn't end inside the budget, refit included,
 * is stopped and listed as skipped with what it needs; it is never ranked.
 */
export async function race(
  data: RaceData,
  candidates: Candidate[],
  costs: CostMatrix | null,
  context: RaceContext,
): Promise<Race> {
  const board: BoardRow[] = [];
  const finished: Finished<Candidate>[] = [];
  for (const candidate of candidates) {
    const reserve = Math.max(0, ...finished.map(({ refitCpuSeconds }) => refitCpuSeconds));
    const done = await raceOne(data, candidate, costs, reserve, context);
    board.push(done.row);
    if ("answers" in done) finished.push(done);
  }
  return { board, finished };
}

async function raceOne(
  data: RaceData,
  candidate: Candidate,
  costs: CostMatrix | null,
  reserve: number,
  context: RaceContext,
): Promise<Finished<Candidate> | { row: BoardRow }> {
  const { meter, wallSeconds } = context;
  const startCpu = meter.used();
  const startWall = wallSeconds();
  const base = {
    name: candidate.name,
    algorithm: candidate.params.algorithm,
    params: candidate.params,
    why: candidate.why,
  };
  const spent = () => ({ seconds: wallSeconds() - startWall, cpuSeconds: meter.used() - startCpu });
  const folds = data.plan.splits.length;
  const heldOut = emptyMargins(data.labels);
  let largest = 0;
  let rounds = 0;
  const skip = (needed: number | null): { row: BoardRow } => {
    const had = Math.max(0, meter.limit - startCpu);
    const total = needed === null ? null : startCpu + needed;
    const fits = total === null ? "a larger budget of CPU seconds" : `a budget of ${Math.ceil(total)} CPU s`;
    const skipped = { neededCpuSeconds: needed, hadCpuSeconds: had, fits };
    const row = { ...base, cv: {}, ...spent(), rounds: null, chosen: false };
    return { row: { ...row, reason: `skipped: needs ${fits}`, skipped } };
  };
  try {
    for (const [fold, split] of data.plan.splits.entries()) {
      meter.reserve = Math.max(reserve, refitMargin * largest);
      context.onProgress({ stage: "race", candidate: candidate.name, fold, folds, round: null, rounds: null });
      await context.breathe();
      const before = meter.used();
      rounds += scoreFold(data, candidate, fold, split, heldOut, context) / folds;
      largest = Math.max(largest, ((meter.used() - before) * data.labels.values.length) / split.train.length);
      const ahead = largest * (folds - fold - 1) + Math.max(reserve, refitMargin * largest);
      if (meter.used() + ahead > meter.limit) return skip(meter.used() - startCpu + ahead);
    }
    const answers = answersOf(data.labels, heldOut);
    const cv = measureFolds(data, answers, costs);
    const row = { ...base, cv, ...spent(), rounds: rounds || null, chosen: false, reason: "", skipped: null };
    return { row, candidate, answers, refitCpuSeconds: refitMargin * largest };
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "over_budget") throw error;
    return skip(largest === 0 ? null : largest * (folds + refitMargin));
  } finally {
    meter.reserve = 0;
  }
}

/** Room for the margins of every row, none held out yet. */
export function emptyMargins(labels: Labels): HeldOutMargins {
  const rows = labels.values.length;
  const outputs = labels.task === "multiclass" ? labels.classes.length : 1;
  const margins = Array.from({ length: outputs }, () => new Float64Array(rows));
  return { fold: new Int32Array(rows).fill(-1), margins };
}

/** Fits a candidate without a fold's rows and scores them. Gives the boosting rounds that it kept, 0 for other kinds. */
function scoreFold(
  data: RaceData,
  candidate: Candidate,
  fold: number,
  split: { train: Int32Array; valid: Int32Array },
  heldOut: HeldOutMargins,
  context: RaceContext,
): number {
  const { meter } = context;
  const seed = seedOf(context.seed, candidate.name, fold);
  const folds = data.plan.splits.length;
  const fitted = fitRows(data, candidate, split.train, {
    xgboost: context.xgboost,
    threads: context.threads,
    seed,
    options: context.options,
    inner: (count) => data.plan.inner(split.train, count, seed),
    onStep(round, rounds) {
      meter.check();
      if (round !== null && round % 25 === 0)
        context.onProgress({ stage: "race", candidate: candidate.name, fold, folds, round, rounds });
    },
  });
  try {
    const margins = fitted.margins(split.valid);
    for (const [i, row] of split.valid.entries()) {
      heldOut.fold[row] = fold;
      for (const [k, own] of margins.entries()) heldOut.margins[k]![row] = own[i]!;
    }
    return candidate.params.algorithm === "xgboost" ? (fitted.chosen.rounds ?? 0) : 0;
  } finally {
    fitted.free();
  }
}

/** What margins answer: numbers themselves, classes with probabilities that the other folds calibrated. */
export function answersOf(labels: Labels, { fold, margins }: HeldOutMargins): HeldOutAnswers {
  if (labels.task === "regression") return { fold, margins, prediction: margins, calibrated: null };
  const calibrated = calibrateOutOfFold({ margins, labels: labels.values, fold });
  return { fold, margins, prediction: calibrated.probabilities, calibrated };
}

/** Every metric of the task on each fold; classes are served at thresholds that the other folds chose. */
export function measureFolds(
  { labels, plan }: RaceData,
  answers: HeldOutAnswers,
  costs: CostMatrix | null,
): BoardRow["cv"] {
  const { task } = labels;
  const thresholds =
    task === "binary"
      ? crossedThresholds(labels.values, answers.prediction[1]!, answers.fold, plan.splits.length, costs)
      : null;
  const perFold = plan.splits.map(({ valid }, fold) => {
    const prediction = answers.prediction.map((p) => Float64Array.from(valid, (row) => p[row]!));
    const served = task === "regression" ? null : servedClasses(prediction, thresholds?.[fold] ?? null);
    return { labels: Float64Array.from(valid, (row) => labels.values[row]!), prediction, served };
  });
  const line = (metric: MetricName) => [metric, summarise(perFold.map((fold) => measure(metric, task, fold)))] as const;
  return Object.fromEntries(metricsOf[task as FittedModel["task"]].map(line));
}
