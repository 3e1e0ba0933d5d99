import { z } from "zod";
import { DatasetPin } from "./dataset.ts";
import { Interval } from "./estimate.ts";
import { PairedLift } from "./improvement.ts";

/** Figures by metric key: roc_auc, average_precision, log_loss, brier, accuracy, f1_macro, rmse, mae, r2. */
export const Metrics = z.record(z.string(), z.number());
export type Metrics = z.infer<typeof Metrics>;

/** A column or feature that was left out: why, and the number that shows it. */
export const Dropped = z.object({ name: z.string(), reason: z.string(), number: z.number().nullable() });
export type Dropped = z.infer<typeof Dropped>;

/**
 * A candidate to race: an algorithm with its parameters, why it is proposed, and what it should take by the machine's
 * measured speed alone (`training.estimated` knows the runs that finished there).
 */
export const Candidate = z.object({
  id: z.string(),
  algorithm: z.enum(["constant", "linear", "random_forest", "xgboost"]),
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  reason: z.string(),
  expected: z.object({ cpuSeconds: Interval, memoryMb: Interval }).optional(),
});
export type Candidate = z.infer<typeof Candidate>;

/**
 * A candidate after the race: cross-validated scores (mean ± standard error over folds; 0 where one fold alone could be
 * scored), time, and why (not) chosen. `cv` is empty where it was skipped.
 */
export const BoardRow = z.object({
  algorithm: z.string(),
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  cv: z.record(z.string(), z.object({ mean: z.number(), se: z.number() })),
  seconds: z.number(),
  chosen: z.boolean(),
  reason: z.string(),
});
export type BoardRow = z.infer<typeof BoardRow>;

/**
 * What the asker fixed for every candidate: what a row of each class counts, features that may only raise (1) or lower (−1)
 * the answer, the price of a wrong answer of each kind, the coverage of the interval around a number. Null or empty: not asked for.
 */
export const TrainingOptions = z.object({
  classWeights: z.union([z.literal("balanced"), z.record(z.string(), z.number().positive().max(1e6))]).nullable(),
  monotone: z.record(z.string(), z.union([z.literal(1), z.literal(-1)])),
  costs: z.object({ falsePositive: z.number().nonnegative(), falseNegative: z.number().nonnegative() }).nullable(),
  coverage: z.number().min(0.5).max(0.999).nullable(),
  /** How categories are handed to trees: as columns of numbers, or as sets to split on. */
  categories: z.enum(["encoded", "native"]).nullable().default(null),
});
export type TrainingOptions = z.infer<typeof TrainingOptions>;

/**
 * Conformal intervals around a predicted number, by groups of similar predictions: group i begins at `edges[i − 1]` (the first
 * has no beginning) and its interval is the prediction plus `low[i]` to plus `high[i]`. `rows`: out-of-fold residuals behind it.
 * `level`: the share of residuals between them, where folds go forward in time: so many as held the coverage of later folds.
 * `scale`: of a forecast, by the feature that says how far ahead a row lies: group i begins at `edges[i − 1]`, and `low` and
 * `high` count `by[i]` times there.
 */
export const PredictionInterval = z.object({
  coverage: z.number(),
  level: z.number().optional(),
  edges: z.array(z.number()),
  low: z.array(z.number()).min(1),
  high: z.array(z.number()).min(1),
  rows: z.number().int(),
  scale: z
    .object({ feature: z.string(), edges: z.array(z.number()), by: z.array(z.number().positive()).min(1) })
    .optional(),
});
export type PredictionInterval = z.infer<typeof PredictionInterval>;

/**
 * How many labels of the hold-out lie inside the intervals: the share asked for and the one observed with its 95 % interval
 * (Wilson), and the mean width.
 */
export const IntervalCoverage = z.object({
  coverage: z.number(),
  observed: z.number(),
  low: z.number(),
  high: z.number(),
  meanWidth: z.number(),
});
export type IntervalCoverage = z.infer<typeof IntervalCoverage>;

/** A constraint swept over the finished model's rows: the largest step against it, relative to max(1, |margin|). */
export const MonotoneCheck = z.object({
  feature: z.string(),
  direction: z.union([z.literal(1), z.literal(-1)]),
  rows: z.number().int(),
  values: z.number().int(),
  worst: z.number(),
});
export type MonotoneCheck = z.infer<typeof MonotoneCheck>;

/**
 * What was changed so that a training fits into its memory: bins of a column at most, rows in memory or streamed, or the rows
 * trained on. `why`: the attempt that was ended, its peak and the size of its matrix. `score`: on the same rows, what the
 * chosen candidate scored without and with the change (sampled: with half of the rows and with all that were kept); null
 * where it wasn't measured, and `unmeasured` says why.
 */
export const Adjustment = z.object({
  what: z.enum(["fewer_bins", "streamed", "sampled"]),
  from: z.string(),
  to: z.string(),
  why: z.object({
    limitMb: z.number(),
    peakMemoryMb: z.number(),
    rows: z.number().int(),
    columns: z.number().int(),
    estimatedMb: z.number(),
  }),
  score: z
    .object({
      metric: z.string(),
      without: z.number(),
      with: z.number(),
      trainedOn: z.number().int(),
      rows: z.number().int(),
    })
    .nullable(),
  unmeasured: z.string().nullable(),
});
export type Adjustment = z.infer<typeof Adjustment>;

/** A finished run: what was trained from which file, by which seed, at what cost. */
export const RunResult = z.object({
  run: z.string(),
  /** SHA-256 of the ONNX bytes: the model's hash. */
  model: z.string(),
  algorithm: z.string(),
  task: z.enum(["binary", "multiclass", "regression"]),
  classes: z.array(z.string()),
  threshold: z.number().nullable(),
  cv: z.record(z.string(), z.object({ mean: z.number(), se: z.number() })),
  baseline: Metrics,
  /** Whether it is better than the constant by more than one standard error of the paired difference over folds. */
  beatsConstant: z.boolean(),
  board: z.array(BoardRow),
  dropped: z.array(Dropped),
  features: z.array(z.string()),
  training: DatasetPin,
  /** Artifact hashes: the fitted model (JSON), out-of-fold predictions, the engine's own models (an ensemble may have several; before there were ensembles they weren't named here). */
  artifacts: z.object({
    ...{ onnx: z.string(), fitted: z.string(), oof: z.string() },
    boosters: z.array(z.string()).default([]),
  }),
  rows: z.number().int(),
  /** Rows per class in the order of `classes`; empty for regression. */
  classCounts: z.array(z.number().int()),
  /** What the constant baseline answers: the share of each class, or the mean label, of the rows trained on. */
  constant: z.array(z.number()),
  columns: z.number().int(),
  folds: z.number().int(),
  /** How the folds were made, and why so. */
  validation: z.string(),
  /** Absent in runs from before they could be asked for. */
  options: TrainingOptions.optional(),
  constraints: z.array(MonotoneCheck).optional(),
  /** Around a predicted number; null for classes and where too few rows were held out. */
  interval: PredictionInterval.nullable().optional(),
  /** Absent or empty: the training fitted into its memory as it was asked for. */
  adjustments: z.array(Adjustment).optional(),
  rounds: z.number().int(),
  seed: z.number().int(),
  threads: z.number().int(),
  engine: z.string(),
  cpuSeconds: z.number(),
  seconds: z.number(),
  peakMemoryMb: z.number(),
});
export type RunResult = z.infer<typeof RunResult>;

/** The hold-out's verdict on a model: metrics, 95 % intervals, the constant baseline, and which look it was. */
export const Evaluation = z.object({
  metrics: Metrics,
  intervals: z.record(z.string(), z.tuple([z.number(), z.number()])),
  baseline: Metrics,
  /** Of a forecast: what saying the value of the season before comes to on the same rows. */
  seasonal: Metrics.optional(),
  look: z.number().int().positive(),
  rows: z.number().int(),
  threshold: z.number().nullable(),
  calibration: z.object({ brier: z.number(), slope: z.number(), intercept: z.number() }).nullable(),
  exploratory: z.boolean(),
  /** Of the intervals around a number; null or absent: the model has none. */
  covered: IntervalCoverage.nullable().optional(),
  /** A challenger's lift over what it was proposed to be better than, by the same look; null or absent for any other model. */
  lift: PairedLift.nullable().optional(),
  /** Artifact hash of the stored hold-out predictions: every figure can be recomputed from them. */
  predictions: z.string(),
  /** Artifact hash of the whole report (shared/domain/evaluation-report.ts); absent in receipts from before there was one. */
  reported: z.string().optional(),
});
export type Evaluation = z.infer<typeof Evaluation>;

/** What the model's output is associated with: shares of mean absolute contribution, adding to 1. */
export const Explanation = z.object({
  importance: z.array(z.object({ name: z.string(), importance: z.number() })),
  byFeature: z.array(z.object({ name: z.string(), importance: z.number() })),
  method: z.string(),
  rows: z.number().int(),
});
export type Explanation = z.infer<typeof Explanation>;
