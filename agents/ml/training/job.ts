import type { Adjustment, MonotoneCheck, PredictionInterval } from "@muster/shared/domain/model.ts";
import type { FittedInput, FittedModel } from "../fitted.ts";
import type { TreeParams } from "../xgboost/train.ts";
import type { LabelTiming } from "./known-labels.ts";
import type { MemoryPlan } from "./memory-plan.ts";

/** A metric that candidates are compared by; names as in the prediction problem, and `brier`. */
export type MetricName =
  | "roc_auc"
  | "average_precision"
  | "log_loss"
  | "brier"
  | "f1_macro"
  | "accuracy"
  | "rmse"
  | "mae"
  | "r2";

/**
 * What a candidate that may be proposed is tuned by. Linear: the penalties tried. Trees: the engine's parameters (boosting: `rounds` at most), and
 * how categories are handed over: encoded as columns of numbers (as where it isn't said), or native, as sets to split on.
 */
export type ProposedParams =
  | { algorithm: "constant" }
  | { algorithm: "linear"; penalties: number[] }
  | { algorithm: "random_forest"; trees: TreeParams; categories?: "encoded" | "native" }
  | { algorithm: "xgboost"; trees: TreeParams; patience: number; categories?: "encoded" | "native" };

/** What a line of the leaderboard is fitted by: a proposal's, or those of an ensemble that was formed of candidates. */
export type CandidateParams = ProposedParams | EnsembleParams;

/** The sum of the members' margins, each times its weight. */
export type EnsembleParams = { algorithm: "ensemble"; members: { candidate: Candidate; weight: number }[] };

/**
 * A model that may be trained: its name on the board, its parameters, why it is proposed, and `work`, a rough measure of
 * its cost over all folds and the refit in cell visits (rows × columns × passes) to calibrate an estimate with.
 */
export type Candidate = { name: string; params: ProposedParams; why: string; work: number };

/** What can be fitted: a candidate, or an ensemble of some. */
export type Fittable = Pick<Candidate, "name"> & { params: CandidateParams };

/** The price of a wrong answer of each kind, in any one unit. */
export type CostMatrix = { falsePositive: number; falseNegative: number };

/**
 * What the asker fixes for every candidate. `classWeights`: what a row of a class counts, by the class's name (a class not
 * named counts 1), or balanced (every class counts the same in all); null: every row the same. `monotone`: features (of
 * numbers) that may only raise (1) or only lower (−1) the answer. `coverage`: the share of rows that the interval
 * around a predicted number is to hold, null where none is wanted.
 */
export type TrainOptions = {
  classWeights: "balanced" | Record<string, number> | null;
  monotone: Record<string, 1 | -1>;
  coverage: number | null;
  /** How every candidate is to take categories; null or absent: each as it says. A linear one can't take sets and is left out. */
  categories?: "encoded" | "native" | null;
};

/**
 * Everything a training process is told. `file` is the only data file that it may open: Parquet with `__row`, `__entity`,
 * `__cutoff`, `__label` and the features (DOUBLE or VARCHAR).
 */
export type TrainJob = {
  file: string;
  task: FittedModel["task"];
  metric: MetricName;
  /** Binary: the positive class as the label spells it; null: the rarer one. */
  positive: string | null;
  features: FittedInput[];
  /** Features that may tell the label however strongly, since they are made of what was known by then alone. */
  mayTell?: string[];
  candidates: Candidate[];
  /** Folds of the comparison, 2..10; fewer where the data has fewer times or too small a class. */
  folds: number;
  /** The column (timestamp or number) whose order the folds follow, or null. Several cutoffs are followed without it. */
  time: string | null;
  /** When labels are known after the cutoff of their row: a fold trains on no row whose label wasn't known yet. Null or absent: with it. */
  known?: LabelTiming | null;
  /** Of a forecast: the feature that says how far ahead a row lies. Null or absent: no forecast, or of one step. */
  ahead?: string | null;
  /** Null: the threshold that maximises F1 of the positive class. */
  costs: CostMatrix | null;
  /** Absent: no weights, no constraints, no interval. */
  options?: TrainOptions;
  seed: number;
  threads: number;
  /** CPU seconds for reading, race and refit together. */
  cpuSecondsLimit: number;
  memoryLimitMb: number;
  /** How rows are held; absent: in memory, all of them. */
  plan?: MemoryPlan;
  /** Path of libxgboost (setting MUSTER_XGBOOST_LIB), or null: found by name. */
  xgboostLibrary: string | null;
};

/** What a training process is doing: `round` of `rounds` within `fold` (from 0; null: the refit) of `folds` of a candidate. */
export type TrainProgress = {
  stage: "read" | "audit" | "race" | "refit";
  candidate: string | null;
  fold: number | null;
  folds: number;
  round: number | null;
  rounds: number | null;
};

/** Mean over folds, its standard error (null for one fold), and each fold (null where it isn't defined: one class only). */
export type CvMetric = { mean: number; se: number | null; folds: (number | null)[] };

/**
 * Why a candidate isn't ranked: CPU seconds it needed in all (null: unknown) and had, and what would make it fit.
 * `neededMemoryMb`: about what it needs in memory, where that is what it lacked; `unsuited`: it can't do what was asked for.
 */
export type Skipped = {
  neededCpuSeconds: number | null;
  hadCpuSeconds: number;
  neededMemoryMb?: number;
  unsuited?: boolean;
  fits: string;
};

/** The chosen candidate's score without and with what a memory plan changed, on the same rows; or why it wasn't measured. */
export type PlanCost = { score: Adjustment["score"]; unmeasured: string | null };

/** A line of the leaderboard. `cv` is empty for a skipped candidate. */
export type BoardRow = {
  name: string;
  algorithm: CandidateParams["algorithm"];
  params: CandidateParams;
  why: string;
  cv: Partial<Record<MetricName, CvMetric>>;
  seconds: number;
  cpuSeconds: number;
  /** Boosting: rounds kept after early stopping, on average over the folds; null for other kinds and where it was skipped. */
  rounds: number | null;
  chosen: boolean;
  reason: string;
  skipped: Skipped | null;
};

/** A feature left out, with the number that shows why. */
export type DroppedColumn = {
  column: string;
  reason: "constant" | "nearly_empty" | "id_like" | "leaking";
  /** constant: distinct values; nearly_empty: share missing; id_like: share distinct; leaking: out-of-fold score alone. */
  value: number;
  message: string;
};

/**
 * Out-of-fold answers of the chosen candidate, calibrated by the other folds, in the order of the file.
 * `fold` is −1 where a row was never held out (the first block of time). `label`: class index or number.
 * `prediction`: one array per class, or the one of values.
 */
export type OutOfFold = { row: Float64Array; fold: Int32Array; label: Float64Array; prediction: Float64Array[] };

/** How rows were split, and why. */
export type FoldPlanInfo = { kind: "stratified" | "random" | "grouped" | "time"; folds: number; why: string };

/** What a training run gives. `boosters` are the engine's own binaries (UBJSON, base64), one for each part of the model that is of trees. */
export type TrainResult = {
  fitted: FittedModel;
  boosters: string[];
  board: BoardRow[];
  chosen: string;
  metric: MetricName;
  /** Whether the chosen one is better than the constant baseline by more than one standard error of the paired difference. */
  beatsConstant: boolean;
  /** Which calibration was fitted and the out-of-fold log loss without and with it; null for regression. */
  calibration: { rawLogLoss: number; logLoss: number } | null;
  /** Around a predicted number; null for classes, and where too few rows were held out and none was asked for. */
  interval: PredictionInterval | null;
  /** The constraints, each swept over the finished model. */
  constraints: MonotoneCheck[];
  /** What the memory plan cost in score: that of holding rows otherwise and of sampling them; null where nothing was changed. */
  planCost: { held: PlanCost | null; sampled: PlanCost | null };
  oof: OutOfFold;
  plan: FoldPlanInfo;
  dropped: DroppedColumn[];
  rows: number;
  /** Rows per class in the order of `fitted.classes`; empty for regression. */
  classCounts: number[];
  threads: number;
  seed: number;
  /** Version of the XGBoost library, and of Node. */
  engineVersion: string;
  cpuSeconds: number;
  peakMemoryMb: number;
};
