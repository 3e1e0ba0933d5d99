import type { FaultCode } from "@muster/shared/fault.ts";
import type { FittedInput, FittedModel } from "../fitted.ts";
import type { CostMatrix, MetricName, ProposedParams, TrainOptions } from "../training/job.ts";
import type { LabelTiming } from "../training/known-labels.ts";

/** What the trials of a search share: the one file that is opened, and how its rows are read and split. */
export type TrialFile = {
  file: string;
  task: FittedModel["task"];
  metric: MetricName;
  positive: string | null;
  features: FittedInput[];
  /** As of a training job. */
  mayTell?: string[];
  /** When labels are known, as of a training job. */
  known?: LabelTiming | null;
  /** What every setting is held to, as the training that follows is; absent: nothing. */
  options?: TrainOptions;
  costs?: CostMatrix | null;
  folds: number;
  seed: number;
  memoryLimitMb: number;
  xgboostLibrary: string | null;
};

/** A setting to be scored on some folds; `maxBins`: bins of a column at most, where its memory allows no more (null: as it says). */
export type TrialJob = {
  params: ProposedParams;
  maxBins: number | null;
  from: number;
  to: number;
  cpuSecondsLimit: number;
};

/** What is asked of a trial process: the file first, then settings to be scored, one after the other. */
export type TrialAsk = { kind: "open"; file: TrialFile } | ({ kind: "score" } & TrialJob);

/** What it says: a fold's score as soon as it is known, then what the setting took, or why it has no scores. CPU seconds are this setting's alone. */
export type TrialSays =
  | { kind: "fold"; score: number | null; cpuSeconds: number }
  | { kind: "scored"; cpuSeconds: number }
  | { kind: "fault"; code: FaultCode; message: string; data: Record<string, unknown>; cpuSeconds: number };
