import { seededRandom } from "@muster/shared/random.ts";
import { type Encoding, encode, encodeDesign, rowsOf } from "../encode.ts";
import { fitDesign, fitTreeMatrix } from "../encode-fit.ts";
import type { Estimator } from "../fitted.ts";
import { baseline, classCounts, type Labels } from "../labels.ts";
import { fitLinear, type Split } from "../linear/fit.ts";
import type { FeatureColumn, Matrix } from "../matrix.ts";
import { constantMargins, linearMargins } from "../score.ts";
import type { Booster } from "../xgboost/booster.ts";
import type { Xgboost } from "../xgboost/library.ts";
import { engineMatrix } from "../xgboost/matrix.ts";
import { treesOf } from "../xgboost/model.ts";
import { type TreeObjective, type TreeParams, trainTrees } from "../xgboost/train.ts";
import type { Candidate } from "./job.ts";

/** Rows beyond this many are left out when the penalty or the number of rounds is chosen, not when the model is fitted. */
const choiceRows = 20_000;

/** On smaller matrices waking a second thread for every node costs more than it helps (4× the CPU was measured). */
const singleThreadCells = 1_000_000;

/** A candidate fitted on some rows. `margins` scores others; `free` gives the engine's memory back. */
export type FittedCandidate = {
  encoding: Encoding;
  /** The estimator as data; for trees it is read from the engine when asked for. */
  estimator: () => Estimator;
  /** The engine's own binary; null for other kinds. */
  booster: () => Uint8Array | null;
  margins: (columns: FeatureColumn[]) => Float64Array[];
  /** What was chosen inside: the penalty, or the number of rounds. */
  chosen: Record<string, number>;
  free: () => void;
};

/** What every fit of a run is held to. `classWeights`: by class index; `monotone`: by feature. */
export type FitOptions = { classWeights: readonly number[] | null; monotone: Readonly<Record<string, 1 | -1>> };

/** What fitting needs beside the rows. `inner` splits those rows for choices that must not see the scored part. */
export type FitContext = {
  xgboost: Xgboost;
  threads: number;
  seed: number;
  /** Absent: no weights and no constraints. */
  options?: FitOptions;
  inner: (folds: number) => Split[];
  /** Called often; throws to end the fit. */
  onStep: (round: number | null, rounds: number | null) => void;
};

/**
 * Fits a candidate on the given rows only: encoding, then what is chosen inside (penalty, rounds) on inner splits of
 * these rows, then the model on all of them. Where classes aren't weighted imbalance is left to calibration and threshold;
 * where they are, their loss is (the target statistics and the constant aren't), and calibration takes it back for two classes.
 */
export function fitCandidate(
  candidate: Candidate,
  columns: FeatureColumn[],
  labels: Labels,
  context: FitContext,
): FittedCandidate {
  const { params } = candidate;
  if (params.algorithm === "constant") return fitConstant(labels);
  if (params.algorithm === "linear") return fitLinearCandidate(params.penalties, columns, labels, context);
  const patience = params.algorithm === "xgboost" ? params.patience : null;
  return fitTrees(params.algorithm, params.trees, patience, columns, labels, context);
}

/** The link of a task's margins. */
export const linkOf = (task: Labels["task"]) =>
  task === "binary" ? "logistic" : task === "multiclass" ? "softmax" : "identity";

function fitConstant(labels: Labels): FittedCandidate {
  const output = baseline(labels);
  return {
    encoding: { inputs: [], encoding: [] },
    estimator: () => ({ kind: "constant", output }),
    booster: () => null,
    margins: (columns) => constantMargins(output, labels.task, rowsOf(columns)),
    chosen: {},
    free: () => {},
  };
}

function fitLinearCandidate(
  penalties: number[],
  columns: FeatureColumn[],
  labels: Labels,
  context: FitContext,
): FittedCandidate {
  const { model, design } = fitDesign(columns, labels, seededRandom(context.seed));
  const splits = context.inner(3).map(thinned);
  const { estimator, penalty } = fitLinear(design, labels.values, {
    link: linkOf(labels.task),
    classes: labels.classes.length,
    penalties,
    splits,
    counts: rowCounts(labels, context.options),
    signs: signsOf(model, context.options),
    onStep: () => context.onStep(null, null),
  });
  return {
    encoding: model,
    estimator: () => estimator,
    booster: () => null,
    margins: (rows) => linearMargins(estimator, encodeDesign(model, rows)),
    chosen: { penalty },
    free: () => {},
  };
}

/** A split of at most `choiceRows` training rows, evenly spaced, so that it stays spread as it was. */
function thinned({ train, valid }: Split): Split {
  const keep = (rows: Int32Array, most: number) => {
    const step = Math.max(1, Math.ceil(rows.length / most));
    return rows.filter((_, i) => i % step === 0);
  };
  return { train: keep(train, choiceRows), valid: keep(valid, choiceRows) };
}

function fitTrees(
  family: "xgboost" | "random_forest",
  params: TreeParams,
  patience: number | null,
  columns: FeatureColumn[],
  labels: Labels,
  context: FitContext,
): FittedCandidate {
  const { xgboost, seed } = context;
  const { model, matrix } = fitTreeMatrix(columns, labels, seededRandom(seed));
  const threads = matrix.values.length < singleThreadCells ? 1 : context.threads;
  const objective = objectiveOf(labels, context.options);
  const targets = Float32Array.from(labels.values);
  const counts = rowCounts(labels, context.options);
  const weights = counts ? Float32Array.from(counts) : undefined;
  const train = (rounds: number, split: Split | null): { booster: Booster; rounds: number } => {
    const part = (rows: Int32Array) =>
      engineMatrix(xgboost, takeMatrixRows(matrix, rows), {
        labels: Float32Array.from(rows, (row) => targets[row]!),
        weights: weights && Float32Array.from(rows, (row) => weights[row]!),
        threads,
      });
    const data = split ? part(split.train) : engineMatrix(xgboost, matrix, { labels: targets, weights, threads });
    const valid = split ? part(split.valid) : undefined;
    try {
      return trainTrees(xgboost, data, {
        params: { ...params, rounds },
        objective,
        seed,
        threads,
        constraints: { monotone: signsOf(model, context.options) },
        valid,
        patience: patience ?? undefined,
        onRound: (round) => context.onStep(round, rounds),
      });
    } finally {
      data.free();
      valid?.free();
    }
  };
  context.onStep(0, params.rounds);
  let rounds = params.rounds;
  if (patience !== null) {
    const stopped = train(params.rounds, context.inner(8).at(-1)!);
    stopped.booster.free();
    rounds = stopped.rounds;
  }
  const { booster } = train(rounds, null);
  return {
    encoding: model,
    estimator: () => treesOf(booster, family),
    booster: () => booster.save("ubj"),
    margins(rows) {
      const data = engineMatrix(xgboost, encode(model, rows), { threads });
      try {
        return booster.margins(data);
      } finally {
        data.free();
      }
    },
    chosen: { rounds },
    free: booster.free,
  };
}

function objectiveOf(labels: Labels, options?: FitOptions): TreeObjective {
  const link = linkOf(labels.task);
  if (link === "softmax") return { link, groups: labels.classes.length, baseScore: 0.5 };
  if (link === "identity") return { link, groups: 1, baseScore: baseline(labels)[0]! };
  const [negative, positive] = classCounts(labels).map((count, k) => count * (options?.classWeights?.[k] ?? 1));
  return { link, groups: 1, baseScore: positive! / (negative! + positive!) };
}

/** What each row counts, scaled to a mean of 1 so that penalties keep their meaning; null where all count the same. */
function rowCounts(labels: Labels, options?: FitOptions): Float64Array | null {
  const weights = options?.classWeights;
  if (!weights || labels.task === "regression") return null;
  const mean = classCounts(labels).reduce((sum, count, k) => sum + count * weights[k]!, 0) / labels.values.length;
  return labels.values.map((label) => weights[label]! / mean);
}

/** Per column of the design the way that its feature may go; 0: both. */
const signsOf = ({ inputs, encoding }: Encoding, options?: FitOptions): number[] =>
  encoding.map(({ op, input }) => (op === "number" ? (options?.monotone[inputs[input]!.name] ?? 0) : 0));

function takeMatrixRows({ columns, values }: Matrix, rows: Int32Array): Matrix {
  const out = new Float32Array(rows.length * columns);
  for (const [i, row] of rows.entries()) out.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
  return { rows: rows.length, columns, values: out };
}
