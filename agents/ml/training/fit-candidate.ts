import { seededRandom } from "@muster/shared/random.ts";
import { type Encoding, encode, encodeDesign, rowsOf } from "../encode.ts";
import { fitDesign, fitTreeMatrix } from "../encode-fit.ts";
import type { Estimator } from "../fitted.ts";
import { baseline, type Labels } from "../labels.ts";
import { fitLinear, type Split } from "../linear/fit.ts";
import type { FeatureColumn, Matrix } from "../matrix.ts";
import { constantMargins, linearMargins } from "../score.ts";
import type { Xgboost } from "../xgboost/library.ts";
import { engineMatrix } from "../xgboost/matrix.ts";
import { fitMembers } from "./ensemble/fit-members.ts";
import { columnTypes, growTrees, linkOf, rowCounts, signsOf, type TreeCandidate, type TreeRows } from "./grow-trees.ts";
import type { Fittable } from "./job.ts";

/** Rows beyond this many are left out when the penalty or the number of rounds is chosen, not when the model is fitted. */
const choiceRows = 20_000;

/** A candidate fitted on some rows. `margins` scores others; `free` gives the engine's memory back. */
export type FittedCandidate = {
  encoding: Encoding;
  /** The estimator as data; for trees it is read from the engine when asked for. */
  estimator: () => Estimator;
  /** The engine's own binaries, one for each part of trees; none for other kinds. */
  boosters: () => Uint8Array[];
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
  candidate: Fittable,
  columns: FeatureColumn[],
  labels: Labels,
  context: FitContext,
): FittedCandidate {
  const { params } = candidate;
  if (params.algorithm === "constant") return fitConstant(labels);
  if (params.algorithm === "linear") return fitLinearCandidate(params.penalties, columns, labels, context);
  if (params.algorithm === "ensemble")
    return fitMembers(params, context, (member, own) => fitCandidate(member, columns, labels, own));
  return fitTrees(params, columns, labels, context);
}

/** The baseline as a fitted candidate. */
export function fitConstant(labels: Labels): FittedCandidate {
  const output = baseline(labels);
  return {
    encoding: { inputs: [], encoding: [] },
    estimator: () => ({ kind: "constant", output }),
    boosters: () => [],
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
    boosters: () => [],
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
  params: TreeCandidate,
  columns: FeatureColumn[],
  labels: Labels,
  context: FitContext,
): FittedCandidate {
  const { xgboost, seed } = context;
  const { model, matrix } = fitTreeMatrix(columns, labels, seededRandom(seed), params.categories === "native");
  const types = columnTypes(model);
  const source: TreeRows = {
    encoding: model,
    rows: matrix.rows,
    matrix: (rows, made) => engineMatrix(xgboost, rows ? takeMatrixRows(matrix, rows) : matrix, { ...made, types }),
  };
  const { booster, rounds, threads, estimator } = growTrees(params, source, labels, context);
  return {
    ...{ encoding: model, estimator, chosen: { rounds }, free: booster.free },
    boosters: () => [booster.save("ubj")],
    margins(rows) {
      const data = engineMatrix(xgboost, encode(model, rows), { threads, types });
      try {
        return booster.margins(data);
      } finally {
        data.free();
      }
    },
  };
}

function takeMatrixRows({ columns, values }: Matrix, rows: Int32Array): Matrix {
  const out = new Float32Array(rows.length * columns);
  for (const [i, row] of rows.entries()) out.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
  return { rows: rows.length, columns, values: out };
}
