import type { FinishedRun, TrainingData, TrainingWork } from "@muster/shared/domain/estimate.ts";
import type { PastRun } from "@muster/shared/estimate/calibrate.ts";

/** What is known of a training before its features are: the table that it starts from. */
export type Table = { rows: number; numbers: number; categories: number };

type Task = TrainingData["task"];
type Setting = Pick<TrainingWork, "algorithm" | "rounds" | "parameters">;

/** A category makes about three columns of the design matrix. */
const columnsPerCategory = 3;
const trees = { minChildWeight: 1, subsample: 0.8, maxBins: 64 };
/** What is compared where no run was seen yet: a candidate of each kind in common settings. */
const common: Setting[] = [
  { algorithm: "constant", rounds: 1 },
  { algorithm: "linear", rounds: 96, parameters: { penalties: "1,0.3,0.1,0.03,0.01,0.003,0.001,0.0001" } },
  { algorithm: "xgboost", rounds: 400, parameters: { ...trees, learningRate: 0.1, maxDepth: 3, patience: 25 } },
  { algorithm: "random_forest", rounds: 100, parameters: { ...trees, maxDepth: 10 } },
  { algorithm: "random_forest", rounds: 100, parameters: { ...trees, maxDepth: 16 } },
  { algorithm: "xgboost", rounds: 800, parameters: { ...trees, learningRate: 0.05, maxDepth: 9, patience: 40 } },
];

/** The candidates of the newest run of a task, or common ones where none was seen. */
function settingsOf(runs: readonly PastRun[], task: Task): { settings: readonly Setting[]; seen: boolean } {
  const like = runs.findLast((run) => run.some(({ data }) => data?.task === task));
  if (!like) return { settings: common, seen: false };
  return {
    settings: like.map(({ algorithm, rounds, parameters }: FinishedRun) => ({ algorithm, rounds, parameters })),
    seen: true,
  };
}

/**
 * The training that a table would come to, for an estimate before anything was read: the candidates of the newest run of its
 * kind, on all its rows and columns. `seen`: whether there was such a run.
 */
export function supposedTraining(
  runs: readonly PastRun[],
  { rows, numbers, categories }: Table,
  task: Task,
  threads: number,
): { works: TrainingWork[]; seen: boolean } {
  const { settings, seen } = settingsOf(runs, task);
  const indicators = categories * columnsPerCategory;
  const data: TrainingData = {
    ...{ task, classes: { binary: 2, multiclass: 3, regression: 0 }[task] },
    ...{ rarest: { binary: 0.3, multiclass: 1 / 3, regression: null }[task], indicators, passes: 4 },
  };
  const shape = { rows: Math.max(1, rows), columns: Math.max(1, numbers + indicators), folds: 5, threads, data };
  return { works: settings.map((setting) => ({ ...shape, ...setting })), seen };
}
