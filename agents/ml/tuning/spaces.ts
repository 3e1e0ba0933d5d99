import type { ProposedParams } from "../training/job.ts";
import { selectCandidates, type TrainingShape } from "../training/select-candidates.ts";
import type { TreeParams } from "../xgboost/train.ts";
import { type Point, pointNear, type Space } from "./space.ts";

/** The algorithms whose parameters are searched; a linear model chooses its penalty inside every fit. */
export const tunedAlgorithms = ["xgboost", "random_forest"] as const;
export type TunedAlgorithm = (typeof tunedAlgorithms)[number];

/** What is searched of an algorithm on data of a shape: its space, what a point means, and the untuned settings as first points. */
export type Tunable = {
  algorithm: TunedAlgorithm;
  space: Space;
  paramsOf: (point: Point) => ProposedParams;
  starts: Point[];
};

/** Above this forests have fewer and shallower trees: their leaves, not their accuracy, grow with the rows. */
const manyRows = 20_000;
const forestTrees = 150;
/** Rows that one tree of a forest draws at most. */
const treeRows = 100_000;

/**
 * The spaces of the algorithms on data of this shape. Where few of many columns matter, splits look at few; small leaves and
 * weak penalties are reachable where the label is exact, large ones where it is noisy. Boosting's number of rounds isn't
 * searched: it is stopped early inside every fit, with patience to match the learning rate.
 */
export function tunables(shape: TrainingShape, algorithms: readonly TunedAlgorithm[] = tunedAlgorithms): Tunable[] {
  const all = { xgboost: boosting(shape), random_forest: forest(shape) };
  return tunedAlgorithms.filter((name) => algorithms.includes(name)).map((name) => all[name]);
}

/** XGBoost's own defaults (its documentation, 1.7), but for the rounds: what others begin from. */
export const engineDefaults = {
  ...{ learningRate: 0.3, maxDepth: 6, minChildWeight: 1, lambda: 1, subsample: 1, columnsPerSplit: 1, maxBins: 256 },
};

function startsOf(shape: TrainingShape, algorithm: TunedAlgorithm, space: Space): Point[] {
  const untuned = selectCandidates(shape).flatMap(({ params }) =>
    params.algorithm === algorithm ? [pointNear(space, { ...params.trees })] : [],
  );
  return algorithm === "xgboost" ? [...untuned, pointNear(space, engineDefaults)] : untuned;
}

/** The smallest share of the columns that a split looks at: about one column. */
const fewestColumns = ({ numbers, categories }: TrainingShape): number =>
  Math.min(0.5, Math.max(0.05, 1 / Math.max(1, numbers + categories)));

function boosting(shape: TrainingShape): Tunable {
  const small = shape.rows < 2_000;
  const space: Space = {
    learningRate: { kind: "real", low: 0.02, high: 0.3, scale: "log" },
    maxDepth: { kind: "integer", low: 2, high: small ? 8 : 14, scale: "log" },
    minChildWeight: { kind: "real", low: 0.1, high: 30, scale: "log" },
    lambda: { kind: "real", low: 0.01, high: 30, scale: "log" },
    subsample: { kind: "real", low: 0.5, high: 1, scale: "linear" },
    columnsPerSplit: { kind: "real", low: fewestColumns(shape), high: 1, scale: "linear" },
    maxBins: { kind: "integer", low: 32, high: 256, scale: "log" },
  };
  const paramsOf = (point: Point): ProposedParams => {
    const values = point as Pick<TreeParams, keyof typeof space & keyof TreeParams>;
    const pace = Number(values.learningRate);
    return {
      algorithm: "xgboost",
      trees: {
        ...fixed,
        ...values,
        rounds: Math.round(Math.min(1_000, Math.max(150, 30 / pace))),
      },
      patience: Math.round(Math.min(50, Math.max(12, 2 / pace))),
    };
  };
  return { algorithm: "xgboost", space, paramsOf, starts: startsOf(shape, "xgboost", space) };
}

function forest(shape: TrainingShape): Tunable {
  const { task, rows, classes } = shape;
  const outputs = task === "multiclass" ? classes : 1;
  const many = rows > manyRows;
  // The weight of a row is its loss's curvature: at most 0.25 for classes, 1 for numbers.
  const row = task === "regression" ? 1 : 0.25;
  const space: Space = {
    maxDepth: { kind: "integer", low: 4, high: many ? 16 : 25, scale: "log" },
    minChildWeight: { kind: "real", low: row * (many ? 1 : 0.04), high: row * 60, scale: "log" },
    lambda: { kind: "real", low: 0.001, high: 10, scale: "log" },
    subsample: {
      kind: "real",
      low: Math.min(0.5, treeRows / rows),
      high: Math.min(1, treeRows / rows),
      scale: "linear",
    },
    columnsPerSplit: { kind: "real", low: fewestColumns(shape), high: 1, scale: "log" },
    maxBins: { kind: "integer", low: 16, high: 256, scale: "log" },
  };
  const paramsOf = (point: Point): ProposedParams => ({
    algorithm: "random_forest",
    trees: {
      ...fixed,
      ...(point as Pick<TreeParams, keyof typeof space & keyof TreeParams>),
      rounds: 1,
      learningRate: 1,
      parallelTrees: Math.max(40, Math.round((many ? 100 : forestTrees) / Math.sqrt(outputs))),
    },
  });
  return { algorithm: "random_forest", space, paramsOf, starts: startsOf(shape, "random_forest", space) };
}

/** What isn't searched. */
const fixed = { parallelTrees: 1, gamma: 0, columnsPerTree: 1 };
