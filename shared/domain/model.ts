import { z } from "zod";
import { DatasetPin } from "./dataset.ts";
import { Interval } from "./estimate.ts";

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
  /** Artifact hashes: the fitted model (JSON), out-of-fold predictions, the engine's own model where there is one. */
  artifacts: z.object({ onnx: z.string(), fitted: z.string(), oof: z.string(), booster: z.string().nullable() }),
  rows: z.number().int(),
  /** Rows per class in the order of `classes`; empty for regression. */
  classCounts: z.array(z.number().int()),
  /** What the constant baseline answers: the share of each class, or the mean label, of the rows trained on. */
  constant: z.array(z.number()),
  columns: z.number().int(),
  folds: z.number().int(),
  /** How the folds were made, and why so. */
  validation: z.string(),
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
  look: z.number().int().positive(),
  rows: z.number().int(),
  threshold: z.number().nullable(),
  calibration: z.object({ brier: z.number(), slope: z.number(), intercept: z.number() }).nullable(),
  exploratory: z.boolean(),
  /** Artifact hash of the stored hold-out predictions: every figure can be recomputed from them. */
  predictions: z.string(),
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
