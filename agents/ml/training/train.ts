import { fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import type { FittedModel } from "../fitted.ts";
import { classCounts, type Labels, takeLabels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import { auditColumns } from "./audit-columns.ts";
import { candidatesUnder } from "./candidates-under.ts";
import { checkMonotone } from "./check-monotone.ts";
import { chooseCandidate } from "./choose.ts";
import { type Ahead, conformalInterval } from "./conformal.ts";
import { costOfPlan } from "./cost-of-plan.ts";
import { considerEnsemble } from "./ensemble/consider.ts";
import { fitFinal } from "./fit-final.ts";
import { planFolds, type RowOrigin } from "./fold-plan.ts";
import type { FoldPlanInfo, TrainJob, TrainResult } from "./job.ts";
import { metricsOf } from "./metrics.ts";
import { fitOptionsOf } from "./options.ts";
import { type HeldOutAnswers, type RaceContext, type RaceData, race } from "./race.ts";
import type { CompactColumn } from "./streamed/compact.ts";

/** The rows of a training file: row numbers, where each comes from, labels and feature columns. */
export type TrainingSet = {
  row: Float64Array;
  entity: string[] | null;
  time: Float64Array | null;
  /** When the label of each row is known, in the unit of its time; null or absent: with the row. */
  known?: Float64Array | null;
  labels: Labels;
  columns: FeatureColumn[];
};

/** What is trained on: a training set, or one whose columns are kept compact. */
export type Trainable = Omit<TrainingSet, "entity"> &
  RowOrigin & {
    /** The columns of all rows where they are streamed; `columns` then are those of the rows of `sample`. */
    compact?: { columns: CompactColumn[]; sample: Int32Array };
  };

/** What `trainOn` measures of itself stands in the result but for the process's own figures. */
export type Trained = Omit<TrainResult, "cpuSeconds" | "peakMemoryMb" | "engineVersion">;

/**
 * Trains on a training set: leaves out columns that must not be used, compares the candidates by cross-validation that
 * suits the data, refits the chosen one on every row. Deterministic for a seed, number of threads, engine and kind of CPU.
 * `unfit` where the data can't serve (one class, no usable column), `over_budget` where no model finishes in the budget.
 */
export async function trainOn(set: Trainable, job: TrainJob, context: RaceContext): Promise<Trained> {
  const { labels } = set;
  if (!metricsOf[labels.task].includes(job.metric))
    throw fault("invalid_input", `${job.metric} isn't a metric of a ${labels.task} problem`);
  if (labels.task === "regression" && labels.values.every((value) => value === labels.values[0]))
    throw fault("unfit", "the label has one value only; there is nothing to predict");
  const progress = { candidate: null, fold: null, folds: job.folds, round: null, rounds: null };
  context.onProgress({ stage: "audit", ...progress });
  const audited = set.compact ? takeLabels(labels, set.compact.sample) : labels;
  const { kept, dropped } = auditColumns(set.columns, audited, seededRandom(job.seed), new Set(job.mayTell));
  if (kept.length === 0) throw fault("unfit", "no usable feature is left; see what was dropped and why", { dropped });
  const options = fitOptionsOf(job, labels, set.columns);
  const held: RaceContext = { ...context, options };
  const plan = planFolds(labels, set, job.folds, job.seed);
  const names = new Set(kept.map(({ name }) => name));
  const compact = set.compact?.columns.filter(({ name }) => names.has(name));
  const data: RaceData = { columns: kept, labels, plan, compact };
  const { able, unable } = candidatesUnder(job, labels.values.length);
  const { board: raced, finished } = await race(data, able, job.costs, held);
  const lines = [...raced, ...unable];
  const board = job.candidates.map(({ name }) => lines.find((line) => line.name === name)!);
  const ranked = finished.map(({ row }) => ({ name: row.name, algorithm: row.algorithm, cv: row.cv[job.metric]! }));
  const choice = chooseCandidate(ranked, job.metric);
  if (!choice) {
    const least = Math.min(...board.map(({ skipped }) => skipped?.neededCpuSeconds ?? Number.POSITIVE_INFINITY));
    const asks = Number.isFinite(least) ? `; about ${Math.ceil(least + context.meter.used())} would do` : "";
    throw fault("over_budget", `no candidate finished inside ${job.cpuSecondsLimit} CPU s${asks}`, { board });
  }
  const joint = considerEnsemble(finished, choice, { data, origin: drawnBy(set, job) }, job, held);
  if (joint) board.push(joint.row);
  const chosen = joint?.taken ? joint : finished.find(({ row }) => row.name === choice.name)!;
  await context.breathe();
  const { fitted, boosters } = fitFinal(data, chosen, job.costs, held);
  const alone = joint ? `${choice.reason}; no ensemble: ${joint.said}` : choice.reason;
  for (const row of board) {
    if (row.skipped) continue;
    row.chosen = row === chosen.row;
    row.reason ||= row.chosen ? alone : `not chosen: ${chosen.row.name} is preferred`;
  }
  const changed = { data, sample: set.compact?.sample ?? null, chosen: chosen.candidate, job };
  const planCost = await costOfPlan(changed, held);
  const constraints = checkMonotone(fitted, kept, options.monotone);
  const { calibrated } = chosen.answers;
  return {
    fitted,
    boosters: boosters.map((one) => Buffer.from(one).toString("base64")),
    board,
    chosen: chosen.row.name,
    metric: job.metric,
    beatsConstant: choice.beatsConstant,
    calibration: calibrated && { rawLogLoss: calibrated.rawLogLoss, logLoss: calibrated.logLoss },
    interval: intervalOf(labels, chosen.answers, job.options?.coverage ?? null, {
      ...{ kind: plan.kind, ahead: aheadOf(job, set, fitted) },
    }),
    ...{ constraints, planCost },
    oof: { row: set.row, fold: chosen.answers.fold, label: labels.values, prediction: chosen.answers.prediction },
    plan: { kind: plan.kind, folds: plan.folds, why: plan.why },
    dropped,
    rows: labels.values.length,
    classCounts: labels.task === "regression" ? [] : classCounts(labels),
    threads: job.threads,
    seed: job.seed,
  };
}

/** How far ahead rows lie, where the model reads it; streamed rows' numbers aren't held. */
function aheadOf({ ahead }: TrainJob, { columns, compact }: Trainable, { inputs }: FittedModel): Ahead | null {
  const column = compact ? undefined : columns.find(({ name }) => name === ahead);
  const read = inputs.some(({ name }) => name === ahead);
  return column?.type === "number" && read ? { feature: column.name, values: column.values } : null;
}

/** Coverage of the interval that a regression has without being asked for one. */
const usualCoverage = 0.9;

/** Time leaves the first rows without an out-of-fold answer; too few answers are only said where an interval was asked for. */
function intervalOf(
  { task, values }: Labels,
  { fold, prediction }: HeldOutAnswers,
  asked: number | null,
  { kind, ahead }: { kind: FoldPlanInfo["kind"]; ahead: Ahead | null },
) {
  if (task !== "regression") return null;
  const known = prediction[0]!.map((value, row) => (fold[row]! < 0 ? Number.NaN : value));
  const rows = fold.reduce((count, own) => count + (own < 0 ? 0 : 1), 0);
  if (asked === null && rows < 2 / (1 - usualCoverage)) return null;
  return conformalInterval(values, known, asked ?? usualCoverage, { inTime: kind === "time" ? fold : null, ahead });
}

/** What rows belong together by: of a forecast those of one origin, whose steps ahead err together, whatever series they are of. */
const drawnBy = ({ entity, time }: RowOrigin, { ahead }: TrainJob): RowOrigin =>
  ahead ? { entity: null, time } : { entity, time };
