import type { FittedModel } from "../fitted.ts";
import type { TreeParams } from "../xgboost/train.ts";
import type { Candidate } from "./job.ts";

/** What the proposal looks at; no row is read. `minority`: rows of the rarest class (null for regression). */
export type TrainingShape = {
  task: FittedModel["task"];
  rows: number;
  numbers: number;
  categories: number;
  classes: number;
  minority: number | null;
  /** Folds of the comparison. */
  folds: number;
  /** What the nearest rows' labels tell of a row's own, 0..1 (see neighbours.ts); absent where it wasn't measured. */
  signal?: number;
};

const penalties = [1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0001];
/** Rows that one tree of a forest draws at most: with more, trees grow dear and hardly better. */
const treeRows = 100_000;
/** Below this neighbours tell little: the label is noisy, or few of many columns matter, and large leaves do better. */
const weakSignal = 0.4;
/** Below this fine bins only cost time: trees of 64 bins scored the same on the sets measured. */
const fewRows = 50_000;

/** About how many columns the design matrix has: a category makes a few. */
export const designColumns = ({ numbers, categories }: Pick<TrainingShape, "numbers" | "categories">): number =>
  numbers + categories * 3;

/**
 * The candidates worth comparing for data of this shape, cheap ones first so that a small budget still ends with a model:
 * the constant baseline, a linear model, boosted trees in two or three settings and random forests in two, scaled to the rows.
 */
export function selectCandidates(shape: TrainingShape): Candidate[] {
  const { task, rows } = shape;
  const outputs = task === "multiclass" ? shape.classes : 1;
  const columns = designColumns(shape);
  const cells = rows * columns * (shape.folds + 1) * outputs;
  const link = { regression: "ridge", binary: "logistic", multiclass: "softmax" }[task];
  const constant: Candidate = {
    name: "constant",
    params: { algorithm: "constant" },
    why: "the yardstick: what knowing nothing scores",
    work: rows,
  };
  const linear: Candidate = {
    name: "linear",
    params: { algorithm: "linear", penalties },
    why: `${link} regression: small, with exact reasons, and hard to beat on few rows (here ${rows} by ${columns} columns)`,
    work: cells * (columns + 60),
  };
  const [shallow, ...deeper] = boosting(shape).map(([name, trees, patience, why]): Candidate => {
    return {
      name,
      params: { algorithm: "xgboost", trees, patience },
      why,
      work: cells * trees.rounds * trees.maxDepth,
    };
  });
  const forests = forestsFor(shape, outputs, cells);
  return [constant, linear, shallow!, ...forests, ...deeper];
}

const tree: TreeParams = {
  rounds: 400,
  parallelTrees: 1,
  learningRate: 0.1,
  maxDepth: 3,
  minChildWeight: 1,
  lambda: 1,
  gamma: 0,
  subsample: 0.8,
  columnsPerTree: 1,
  columnsPerSplit: 0.5,
  maxBins: 64,
};

function forestsFor(shape: TrainingShape, outputs: number, cells: number): Candidate[] {
  const { task, rows, numbers, categories, signal } = shape;
  const columns = Math.max(1, numbers + categories);
  const forest: TreeParams = {
    ...tree,
    rounds: 1,
    parallelTrees: rows > 2 * treeRows ? 40 : Math.max(40, Math.round(100 / Math.sqrt(outputs))),
    learningRate: 1,
    lambda: 0.01,
    subsample: Math.min(0.632, treeRows / rows),
  };
  const smooth: TreeParams = {
    ...forest,
    maxDepth: 10,
    // The weight of a row is its loss's curvature: at most 0.25 for classes, 1 for numbers.
    minChildWeight: task === "regression" ? 10 : 4,
  };
  const deep: TreeParams = {
    ...forest,
    maxDepth: rows > 20_000 ? 14 : 18,
    minChildWeight: task === "regression" ? 2 : 0.25,
    columnsPerSplit: task === "regression" ? 0.5 : Math.min(0.5, 1 / Math.sqrt(columns) + 0.1),
  };
  const candidate = (name: string, trees: TreeParams, why: string): Candidate => {
    const work = (cells * trees.subsample * trees.parallelTrees * trees.maxDepth) / 1.25;
    const drawn = trees.subsample < 0.632 ? `, each grown on ${treeRows} rows drawn` : "";
    return { name, params: { algorithm: "random_forest", trees }, why: `${why}${drawn}`, work };
  };
  const steady = candidate(
    "random_forest_smooth",
    smooth,
    signal !== undefined && signal < weakSignal
      ? "independent trees with large leaves: steady, since the nearest rows tell little of a row's label"
      : "independent trees with large leaves: steady where the label is noisy",
  );
  const strong = candidate("random_forest", deep, "deep independent trees: strong where many columns act together");
  // Of many rows one kind is compared; the likelier one first, in case the budget ends.
  const order = signal !== undefined && signal >= weakSignal ? [strong, steady] : [steady, strong];
  return rows > 2 * treeRows ? order.slice(0, 1) : order;
}

/** What a share of rows is called: 12 %, 0.4 %. */
const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

function boosting({ task, rows, minority }: TrainingShape): [string, TreeParams, number, string][] {
  const few = rows < 2_000 || (minority !== null && minority < 200);
  const many = rows >= fewRows;
  const rare =
    minority !== null && minority < rows / 10 ? `; the rarest class is ${percent(minority / rows)} of the rows` : "";
  // With many rows larger steps lose little, and two levels are never better than three.
  const pace = many
    ? { rounds: 200, learningRate: 0.2, maxBins: 256 }
    : { rounds: 400, learningRate: 0.1, maxBins: 64 };
  const patience = many ? 12 : 25;
  const shallow: TreeParams = { ...tree, ...pace, minChildWeight: few ? 1 : 5 };
  const deep: TreeParams = {
    ...tree,
    maxBins: many ? 256 : 128,
    rounds: many ? 400 : 800,
    learningRate: many ? 0.1 : 0.05,
    maxDepth: few ? 5 : 9,
    minChildWeight: task === "regression" ? 3 : 1,
    columnsPerSplit: few ? 0.5 : 0.8,
  };
  const pairs: [string, TreeParams, number, string] = [
    "xgboost_pairs",
    { ...shallow, maxDepth: 2 },
    patience,
    "boosted trees of two levels: interactions of two columns, no more",
  ];
  return [
    ["xgboost_shallow", shallow, patience, `boosted trees of three levels: strong and hard to overfit${rare}`],
    ...(many ? [] : [pairs]),
    ["xgboost_deep", deep, many ? 15 : 40, "boosted trees of many levels: interactions of many columns"],
  ];
}
