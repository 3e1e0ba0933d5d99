import type { Encoding } from "../encode.ts";
import type { Estimator } from "../fitted.ts";
import { baseline, classCounts, type Labels } from "../labels.ts";
import type { Booster } from "../xgboost/booster.ts";
import type { EngineMatrix } from "../xgboost/matrix.ts";
import { treesOf } from "../xgboost/model.ts";
import { type TreeObjective, type TreeParams, trainTrees } from "../xgboost/train.ts";
import type { FitContext, FitOptions } from "./fit-candidate.ts";
import type { CandidateParams } from "./job.ts";

/** Parameters of a kind that grows trees. */
export type TreeCandidate = Extract<CandidateParams, { trees: TreeParams }>;

/** On smaller matrices waking a second thread for every node costs more than it helps (4× the CPU was measured). */
const singleThreadCells = 1_000_000;

/** Training rows as the engine takes them. `matrix` makes its copy of some rows (null: all). */
export type TreeRows = {
  encoding: Encoding;
  rows: number;
  matrix: (
    rows: Int32Array | null,
    made: { labels: Float32Array; weights?: Float32Array; threads: number; bins: number },
  ) => EngineMatrix;
};

/** Grown trees: the booster, the rounds chosen, and the threads that it took. */
export type Grown = { booster: Booster; rounds: number; threads: number; estimator: () => Estimator };

/** Chooses the number of rounds on the last of eight inner splits where the kind stops early, then grows on every row. */
export function growTrees(params: TreeCandidate, source: TreeRows, labels: Labels, context: FitContext): Grown {
  const { xgboost, seed, options } = context;
  const threads = source.rows * source.encoding.encoding.length < singleThreadCells ? 1 : context.threads;
  const objective = objectiveOf(labels, options);
  const counts = rowCounts(labels, options);
  const part = (rows: Int32Array | null) => {
    const some = (values: Float64Array) =>
      rows ? Float32Array.from(rows, (row) => values[row]!) : Float32Array.from(values);
    return source.matrix(rows, {
      ...{ labels: some(labels.values), weights: counts ? some(counts) : undefined },
      ...{ threads, bins: params.trees.maxBins },
    });
  };
  const train = (rounds: number, split: { train: Int32Array; valid: Int32Array } | null) => {
    const data = part(split?.train ?? null);
    let valid: EngineMatrix | undefined;
    try {
      valid = split ? part(split.valid) : undefined;
      return trainTrees(xgboost, data, {
        params: { ...params.trees, rounds },
        ...{ objective, seed, threads, valid },
        constraints: { monotone: signsOf(source.encoding, options) },
        patience: "patience" in params ? params.patience : undefined,
        onRound: (round) => context.onStep(round, rounds),
      });
    } finally {
      data.free();
      valid?.free();
    }
  };
  let { rounds } = params.trees;
  context.onStep(0, rounds);
  if ("patience" in params) {
    const stopped = train(rounds, context.inner(8).at(-1)!);
    stopped.booster.free();
    rounds = stopped.rounds;
  }
  const { booster } = train(rounds, null);
  return { booster, rounds, threads, estimator: () => treesOf(booster, params.algorithm) };
}

/** The link of a task's margins. */
export const linkOf = (task: Labels["task"]) =>
  task === "binary" ? "logistic" : task === "multiclass" ? "softmax" : "identity";

function objectiveOf(labels: Labels, options?: FitOptions): TreeObjective {
  const link = linkOf(labels.task);
  if (link === "softmax") return { link, groups: labels.classes.length, baseScore: 0.5 };
  if (link === "identity") return { link, groups: 1, baseScore: baseline(labels)[0]! };
  const [negative, positive] = classCounts(labels).map((count, k) => count * (options?.classWeights?.[k] ?? 1));
  return { link, groups: 1, baseScore: positive! / (negative! + positive!) };
}

/** What each row counts, scaled to a mean of 1 so that penalties keep their meaning; null where all count the same. */
export function rowCounts(labels: Labels, options?: FitOptions): Float64Array | null {
  const weights = options?.classWeights;
  if (!weights || labels.task === "regression") return null;
  const mean = classCounts(labels).reduce((sum, count, k) => sum + count * weights[k]!, 0) / labels.values.length;
  return labels.values.map((label) => weights[label]! / mean);
}

/** What kind each column of the design is to the engine: a category by its code, or a number; undefined where all are numbers. */
export const columnTypes = ({ encoding }: Encoding): ("c" | "q")[] | undefined =>
  encoding.some(({ op }) => op === "ordinal") ? encoding.map(({ op }) => (op === "ordinal" ? "c" : "q")) : undefined;

/** Per column of the design the way that its feature may go; 0: both. */
export const signsOf = ({ inputs, encoding }: Encoding, options?: FitOptions): number[] =>
  encoding.map(({ op, input }) => (op === "number" ? (options?.monotone[inputs[input]!.name] ?? 0) : 0));
