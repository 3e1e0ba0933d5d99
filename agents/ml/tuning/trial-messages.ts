import type { FaultCode } from "@muster/shared/fault.ts";
import type { ProposedParams, TrainJob } from "../training/job.ts";

/**
 * What the trials of a search share, as of a training job: the one file that is opened, how its rows are read and split, and
 * what every setting is held to.
 */
export type TrialFile = Pick<
  TrainJob,
  | "file"
  | "task"
  | "metric"
  | "positive"
  | "features"
  | "mayTell"
  | "known"
  | "options"
  | "folds"
  | "seed"
  | "memoryLimitMb"
  | "xgboostLibrary"
> &
  Partial<Pick<TrainJob, "costs">>;

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
