import type { EncodedColumn, FittedModel, Tree } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";

/** What the reference says of one row: margins, probabilities (empty for a regression), the label's index (−1 for a regression). */
export type ReferenceRow = { margins: number[]; probabilities: number[]; label: number };

/** Scores rows straight from the words of fitted.ts, one row and one tree at a time: what the compiled graph is compared with. */
export function referenceScores(model: FittedModel, columns: FeatureColumn[], rows: number): ReferenceRow[] {
  const inputs = model.inputs.map((input) => columns.find((column) => column.name === input.name)!);
  return Array.from({ length: rows }, (_, row) => {
    const x = model.encoding.map((column) => encode(column, inputs[column.input]!.values[row]!));
    return finish(model, marginsOf(model, x));
  });
}

function encode(column: EncodedColumn, value: number | string): number {
  const missing = value === "" || Number.isNaN(value);
  if (column.op === "missing") return missing ? 1 : 0;
  if (column.op === "one_hot") return value === column.category ? 1 : 0;
  if (column.op === "target") {
    return missing || !Object.hasOwn(column.values, value) ? column.prior : column.values[value]!;
  }
  if (column.op === "ordinal") {
    const rank = column.categories.indexOf(String(value));
    return rank < 0 ? Number.NaN : rank;
  }
  const number = missing && column.impute !== null ? column.impute : Number(value);
  return (number - column.mean) / column.scale;
}

function marginsOf({ estimator, task }: Pick<FittedModel, "estimator" | "task">, x: number[]): number[] {
  if (estimator.kind === "constant") {
    const shares = estimator.output;
    if (task === "regression") return shares;
    return task === "binary" ? [Math.log(shares[1]! / shares[0]!)] : shares.map(Math.log);
  }
  if (estimator.kind === "linear") {
    return estimator.coefficients.map((row, k) => row.reduce((sum, c, i) => sum + c * x[i]!, estimator.intercept[k]!));
  }
  if (estimator.kind === "ensemble") {
    const parts = estimator.members.map(({ weight, first, count, estimator: own }) =>
      marginsOf({ estimator: own, task }, x.slice(first, first + count)).map((margin) => weight * margin),
    );
    return parts.reduce((sum, part) => sum.map((value, k) => value + part[k]!));
  }
  const margins = [...estimator.base];
  estimator.trees.forEach((tree, t) => {
    margins[estimator.group[t]!]! += leafOf(tree, x);
  });
  return margins;
}

function leafOf(tree: Tree, x: number[]): number {
  let node = 0;
  while (tree.left[node]! >= 0) {
    const value = Math.fround(x[tree.feature[node]!]!);
    const left = Number.isNaN(value) ? tree.missingLeft[node] : value < Math.fround(tree.threshold[node]!);
    node = left ? tree.left[node]! : tree.right[node]!;
  }
  return tree.value[node]!;
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

function softmax(x: number[]): number[] {
  const top = Math.max(...x);
  const powers = x.map((value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function finish({ task, estimator, calibration, threshold }: FittedModel, margins: number[]): ReferenceRow {
  if (task === "regression") return { margins, probabilities: [], label: -1 };
  const ownLink = task === "binary" ? "logistic" : "softmax";
  const link = estimator.kind === "constant" ? ownLink : estimator.link;
  if (task === "binary") {
    const margin = margins[0]!;
    const raw = link === "logistic" ? logistic(margin) : margin;
    const p = calibration.kind === "platt" ? logistic(calibration.slope * margin + calibration.intercept) : raw;
    return { margins, probabilities: [1 - p, p], label: p >= threshold! ? 1 : 0 };
  }
  let probabilities = link === "softmax" ? softmax(margins) : margins;
  if (calibration.kind === "temperature") probabilities = softmax(margins.map((m) => m / calibration.temperature));
  return { margins, probabilities, label: probabilities.indexOf(Math.max(...probabilities)) };
}

/**
 * A seeded random tree over `width` design columns: splits at the values given by `threshold(feature)`,
 * missing values to either side, leaves in [−0.5, 0.5).
 */
export function randomTree(
  random: () => number,
  depth: number,
  width: number,
  threshold: (feature: number) => number,
): Tree {
  const tree: Tree = { feature: [], threshold: [], left: [], right: [], missingLeft: [], value: [] };
  const grow = (level: number): number => {
    const node = tree.left.length;
    const leaf = level === 0;
    const feature = leaf ? 0 : Math.floor(random() * width);
    tree.feature.push(feature);
    tree.threshold.push(leaf ? 0 : threshold(feature));
    tree.missingLeft.push(random() < 0.5);
    tree.value.push(leaf ? Math.fround(random() - 0.5) : 0);
    tree.left.push(-1);
    tree.right.push(-1);
    if (leaf) return node;
    tree.left[node] = grow(level - 1);
    tree.right[node] = grow(random() < 0.2 ? 0 : level - 1);
    return node;
  };
  grow(depth);
  return tree;
}
