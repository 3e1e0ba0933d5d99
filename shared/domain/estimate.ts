import { z } from "zod";

/** A 90 % interval around the middle; 0 ≤ low ≤ mid ≤ high. */
export const Interval = z
  .object({ low: z.number().nonnegative(), mid: z.number().nonnegative(), high: z.number().nonnegative() })
  .refine((i) => i.low <= i.mid && i.mid <= i.high, "low ≤ mid ≤ high does not hold");
export type Interval = z.infer<typeof Interval>;

/**
 * What of the data a training's cost depends on beside their size. `classes`: of the label, 0 for numbers; `rarest`: the
 * rarest one's share of the rows, null for numbers; `indicators`: columns of the design matrix that hold 0 or 1;
 * `passes`: rows that the folds train on, all together, as a multiple of all rows.
 */
export const TrainingData = z.object({
  task: z.enum(["binary", "multiclass", "regression"]),
  classes: z.number().int().nonnegative(),
  rarest: z.number().min(0).max(1).nullable(),
  indicators: z.number().int().nonnegative(),
  passes: z.number().nonnegative(),
});
export type TrainingData = z.infer<typeof TrainingData>;

/** The work of one candidate: what its cost follows from. `rounds`: trees or boosting rounds; for linear, iterations. */
export const TrainingWork = z.object({
  algorithm: z.enum(["xgboost", "random_forest", "linear", "ensemble", "constant"]),
  rows: z.number().int().positive(),
  /** Columns of the encoded design matrix. */
  columns: z.number().int().positive(),
  rounds: z.number().int().positive(),
  /** Folds of the cross-validation, 0 or 1 for none; the refit on all rows is counted on top. */
  folds: z.number().int().nonnegative(),
  threads: z.number().int().positive(),
  /** What the candidate is tuned by, as `candidates.chosen` holds it. */
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).optional(),
  data: TrainingData.optional(),
  /** Hash of the problem, where it's known: the same one trains much as it did before. */
  problem: z.string().optional(),
});
export type TrainingWork = z.infer<typeof TrainingWork>;

/**
 * A finished run as the estimator learns from it. `seconds`: by the wall clock, where it was measured. `keptRounds`: boosting
 * rounds that early stopping left, on average over the folds.
 */
export const FinishedRun = TrainingWork.extend({
  cpuSeconds: z.number().nonnegative(),
  peakMemoryMb: z.number().nonnegative(),
  seconds: z.number().nonnegative().optional(),
  keptRounds: z.number().positive().optional(),
});
export type FinishedRun = z.infer<typeof FinishedRun>;

/**
 * What a training will cost, each as a 90 % interval.
 * `basedOn.runs`: finished runs of this installation behind it; `prior`: whether a candidate still leans on the
 * machine's benchmark alone; `error`: median absolute error (ratio) of predictions of the latest runs' CPU-seconds
 * from the runs before them, null without runs.
 */
export const Estimate = z.object({
  cpuSeconds: Interval,
  memoryMb: Interval,
  usd: Interval,
  seconds: Interval,
  basedOn: z.object({
    runs: z.number().int().nonnegative(),
    prior: z.boolean(),
    error: z.number().nonnegative().nullable(),
  }),
});
export type Estimate = z.infer<typeof Estimate>;

/**
 * Prices that users edit: USD for an hour of one core, for an hour of one gigabyte of memory, for a month (30 days) of one
 * stored gigabyte (2³⁰ bytes), and for a terabyte (2⁴⁰ bytes) that a warehouse scans.
 */
export const Prices = z.strictObject({
  coreHourUsd: z.number().nonnegative(),
  gbHourUsd: z.number().nonnegative(),
  /** Absent in price tables from before it was asked for. */
  storageGbMonthUsd: z.number().nonnegative().default(0.025),
  scannedTbUsd: z.number().nonnegative().default(0),
});
export type Prices = z.infer<typeof Prices>;
