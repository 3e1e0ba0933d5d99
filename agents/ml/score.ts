import { fault } from "@muster/shared/fault.ts";
import { type Design, encode, encodeDesign, rowsOf } from "./encode.ts";
import type { Calibration, Estimator, FittedModel, Tree } from "./fitted.ts";
import type { FeatureColumn, Matrix } from "./matrix.ts";
import { membersOf } from "./members.ts";

type TreesEstimator = Extract<Estimator, { kind: "trees" }>;
type LinearEstimator = Extract<Estimator, { kind: "linear" }>;

/**
 * A model's answer for a list of rows.
 * `margins`: one array per output, before calibration. `probabilities`: one array per class, calibrated (binary:
 * [1 − p, p]); empty for regression. `values`: the predicted number; null for classification.
 * `labels`: the served class by the recorded threshold (binary) or the likeliest class; null for regression.
 */
export type Scored = {
  margins: Float64Array[];
  probabilities: Float64Array[];
  values: Float64Array | null;
  labels: string[] | null;
};

/** Scores raw feature columns with a fitted model in plain TypeScript: what the engine and the ONNX graph are compared with. */
export function predictFitted(model: FittedModel, columns: FeatureColumn[]): Scored {
  const margins = marginsOf(model, columns);
  if (model.task === "regression") return { margins, probabilities: [], values: margins[0]!, labels: null };
  const probabilities = probabilitiesOf(margins, model.calibration);
  return { margins, probabilities, values: null, labels: servedLabels(model, probabilities) };
}

function marginsOf(model: FittedModel, columns: FeatureColumn[]): Float64Array[] {
  const { estimator } = model;
  if (estimator.kind === "trees") return treeMargins(estimator, encode(model, columns));
  if (estimator.kind === "linear") return linearMargins(estimator, encodeDesign(model, columns));
  if (estimator.kind === "ensemble")
    return weightedMargins(
      membersOf(model).map((member) => ({ weight: member.weight, margins: marginsOf(member.model, columns) })),
    );
  return constantMargins(estimator.output, model.task, rowsOf(columns));
}

/** Σ weight × margin, one array per output, in float64 and in the order of the parts. */
export function weightedMargins(parts: readonly { weight: number; margins: Float64Array[] }[]): Float64Array[] {
  const [first] = parts;
  if (!first) throw fault("invalid_input", "an ensemble has at least one member");
  const out = first.margins.map(({ length }) => new Float64Array(length));
  for (const { weight, margins } of parts)
    for (const [k, sum] of out.entries())
      for (let row = 0; row < sum.length; row++) sum[row]! += weight * margins[k]![row]!;
  return out;
}

/** Margins of trees, one array per output: `x < threshold` and the sum of leaves in float32, as the engine has them. */
export function treeMargins(estimator: TreesEstimator, matrix: Matrix): Float64Array[] {
  const out = estimator.base.map((base) => new Float64Array(matrix.rows).fill(Math.fround(base)));
  for (const [t, tree] of estimator.trees.entries()) {
    const margins = out[estimator.group[t]!]!;
    for (let row = 0; row < matrix.rows; row++) {
      const leaf = leafOf(tree, matrix.values, row * matrix.columns);
      margins[row] = Math.fround(margins[row]! + tree.value[leaf]!);
    }
  }
  return out;
}

/** Whether a value goes left at a split: by its threshold in float32, or by the set of its code; a missing one as the tree says. */
export function goesLeft(tree: Tree, node: number, x: number): boolean {
  if (Number.isNaN(x)) return tree.missingLeft[node]!;
  const right = tree.members?.[node];
  return right ? !right.includes(x) : x < tree.threshold[node]!;
}

function leafOf(tree: Tree, values: Float32Array, start: number): number {
  let node = 0;
  while (tree.left[node]! >= 0) {
    const x = values[start + tree.feature[node]!]!;
    node = goesLeft(tree, node, x) ? tree.left[node]! : tree.right[node]!;
  }
  return node;
}

/** Margins of a linear model, one array per output, in float64. */
export function linearMargins(estimator: LinearEstimator, design: Design): Float64Array[] {
  const { rows, columns, values } = design;
  return estimator.coefficients.map((coefficients, k) => {
    const margins = new Float64Array(rows).fill(estimator.intercept[k]!);
    for (let row = 0, cell = 0; row < rows; row++) {
      let sum = 0;
      for (let j = 0; j < columns; j++, cell++) sum += values[cell]! * coefficients[j]!;
      margins[row]! += sum;
    }
    return margins;
  });
}

/** Margins of the baseline: its share's logit (binary), log shares (multiclass), or the mean (regression). */
export function constantMargins(output: number[], task: FittedModel["task"], rows: number): Float64Array[] {
  const clipped = output.map((share) => Math.min(1 - 1e-15, Math.max(1e-15, share)));
  const margins =
    task === "regression"
      ? output
      : task === "binary"
        ? [Math.log(clipped[1]! / (1 - clipped[1]!))]
        : clipped.map(Math.log);
  return margins.map((margin) => new Float64Array(rows).fill(margin));
}

/** 1 / (1 + exp(−z)), without overflow. */
export const sigmoid = (z: number): number => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

/** Calibrated probabilities, one array per class, from margins (one array: binary; more: softmax). */
export function probabilitiesOf(margins: Float64Array[], calibration: Calibration): Float64Array[] {
  const [first] = margins;
  if (!first) throw fault("invalid_input", "there are no margins");
  if (margins.length === 1) {
    const { slope, intercept } = calibration.kind === "platt" ? calibration : { slope: 1, intercept: 0 };
    const positive = first.map((margin) => sigmoid(slope * margin + intercept));
    return [positive.map((p) => 1 - p), positive];
  }
  const temperature = calibration.kind === "temperature" ? calibration.temperature : 1;
  const out = margins.map((k) => k.map((margin) => margin / temperature));
  for (let row = 0; row < first.length; row++) {
    let top = Number.NEGATIVE_INFINITY;
    for (const k of out) top = Math.max(top, k[row]!);
    let sum = 0;
    for (const k of out) {
      k[row] = Math.exp(k[row]! - top);
      sum += k[row]!;
    }
    for (const k of out) k[row]! /= sum;
  }
  return out;
}

/** The index of the served class of each row: by the threshold (binary), else the likeliest (the first of equals). */
export function servedClasses(probabilities: Float64Array[], threshold: number | null): Int32Array {
  const rows = probabilities[0]?.length ?? 0;
  if (probabilities.length === 2 && threshold !== null)
    return Int32Array.from({ length: rows }, (_, row) => (probabilities[1]![row]! >= threshold ? 1 : 0));
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let k = 1; k < probabilities.length; k++) if (probabilities[k]![row]! > probabilities[best]![row]!) best = k;
    return best;
  });
}

const servedLabels = (model: FittedModel, probabilities: Float64Array[]): string[] =>
  Array.from(servedClasses(probabilities, model.threshold), (k) => model.classes[k]!);
