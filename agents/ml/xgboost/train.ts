import { fault } from "@muster/shared/fault.ts";
import { type Booster, boosterOf } from "./booster.ts";
import type { Handle, Xgboost } from "./library.ts";
import type { EngineMatrix } from "./matrix.ts";

/** How the engine grows trees; names and meaning as in XGBoost's documentation. A forest is one round of many parallel trees. */
export type TreeParams = {
  rounds: number;
  /** Trees grown at once and averaged: 1 for boosting, the forest's size for a random forest. */
  parallelTrees: number;
  learningRate: number;
  maxDepth: number;
  minChildWeight: number;
  lambda: number;
  gamma: number;
  /** Share of rows per tree, 0..1. */
  subsample: number;
  /** Share of columns per tree, 0..1. */
  columnsPerTree: number;
  /** Share of columns per split, 0..1. */
  columnsPerSplit: number;
  maxBins: number;
};

/** What the engine minimises. `groups` is the number of margins per row (classes for softmax, else 1). */
export type TreeObjective = { link: "logistic" | "softmax" | "identity"; groups: number; baseScore: number };

const objectiveOf = { logistic: "binary:logistic", softmax: "multi:softprob", identity: "reg:squarederror" } as const;
const metricOf = { logistic: "logloss", softmax: "mlogloss", identity: "rmse" } as const;

/** What a matrix's columns are held to. `monotone`: per column 1 or −1 where the margin may only rise or fall with it, else 0. */
export type TreeConstraints = { monotone: readonly number[] };

/** A trained booster and its rounds; where a validation set was given, cut to the best round, with the score there. */
export type Trained = { booster: Booster; rounds: number; bestScore: number | null };

/**
 * Trains boosted trees or a forest (`tree_method=hist`), synchronously in this thread.
 * With `valid`, stops after `patience` rounds without a better validation loss and keeps the rounds up to the best.
 * `onRound` is called after each round with the validation loss; what it throws ends the training and is passed on.
 * Same data, params, seed, threads, engine version and kind of CPU give the same model bytes.
 */
export function trainTrees(
  xgboost: Xgboost,
  train: EngineMatrix,
  options: {
    params: TreeParams;
    objective: TreeObjective;
    seed: number;
    threads: number;
    constraints?: TreeConstraints;
    valid?: EngineMatrix;
    patience?: number;
    onRound?: (round: number, loss: number | null) => void;
  },
): Trained {
  const { params, objective, valid, patience = 20, onRound } = options;
  const out: [Handle | null] = [null];
  const matrices = valid ? [train.handle, valid.handle] : [train.handle];
  xgboost.boosterCreate(matrices, matrices.length, out);
  let booster = boosterOf(xgboost, out[0]!, options.threads);
  try {
    for (const [name, value] of settings(params, objective, options))
      xgboost.boosterSetParam(booster.handle, name, value);
    let best = { round: -1, loss: Number.POSITIVE_INFINITY };
    for (let round = 0; round < params.rounds; round++) {
      xgboost.boosterUpdate(booster.handle, round, train.handle);
      const loss = valid ? validationLoss(xgboost, booster.handle, valid, round) : null;
      onRound?.(round, loss);
      if (loss === null) continue;
      if (loss < best.loss) best = { round, loss };
      else if (round - best.round >= patience) break;
    }
    if (!valid) return { booster, rounds: params.rounds, bestScore: null };
    if (best.round < 0) throw fault("unfit", "the validation loss was never a number; check the label");
    const cut = booster.slice(best.round + 1);
    booster.free();
    booster = cut;
    return { booster, rounds: best.round + 1, bestScore: best.loss };
  } catch (error) {
    booster.free();
    throw error;
  }
}

function settings(
  params: TreeParams,
  objective: TreeObjective,
  { seed, threads, constraints }: { seed: number; threads: number; constraints?: TreeConstraints },
): [string, string][] {
  const monotone = constraints?.monotone.some((sign) => sign !== 0) ? constraints.monotone : null;
  return Object.entries({
    booster: "gbtree",
    tree_method: "hist",
    objective: objectiveOf[objective.link],
    eval_metric: metricOf[objective.link],
    disable_default_eval_metric: 1,
    ...(objective.link === "softmax" ? { num_class: objective.groups } : {}),
    base_score: objective.baseScore,
    nthread: threads,
    seed,
    // Reseeding every round keeps a model from depending on what else this process trained before.
    seed_per_iteration: 1,
    num_parallel_tree: params.parallelTrees,
    learning_rate: params.learningRate,
    max_depth: params.maxDepth,
    min_child_weight: params.minChildWeight,
    lambda: params.lambda,
    gamma: params.gamma,
    subsample: params.subsample,
    colsample_bytree: params.columnsPerTree,
    colsample_bynode: params.columnsPerSplit,
    max_bin: params.maxBins,
    ...(monotone === null ? {} : { monotone_constraints: `(${monotone.join(",")})` }),
  }).map(([name, value]) => [name, String(value)]);
}

function validationLoss(xgboost: Xgboost, booster: Handle, valid: EngineMatrix, round: number): number {
  const text: [string | null] = [null];
  xgboost.boosterEval(booster, round, [valid.handle], ["valid"], 1, text);
  return Number(text[0]?.split(":").at(-1));
}
