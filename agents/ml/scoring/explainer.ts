import { encode, encodeDesign } from "../encode.ts";
import type { Estimator, FittedModel, Tree } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { type Contributions, linearContributions, treeContributions } from "../tree-shap.ts";
import { pathContributions } from "./path-attribution.ts";

/** How reasons are computed; `none` for a model that uses no column. */
export type ReasonMethod = "tree_shap" | "decision_path" | "linear" | "none";

/** What each design column adds to each output's margin; by which method. */
export type Explainer = { method: ReasonMethod; explain(rows: FeatureColumn[]): Contributions[] };

/** Steps of TreeSHAP (leaves × depth² of a tree for a row) that a batch may take: 6 ns each, so about twelve seconds. */
const mostSteps = 2e9;

/**
 * How to explain rows of a model: linear terms against the training rows' means; trees by TreeSHAP, or by decision path
 * where `rows` would take more than the limit (deep forests). `training` are rows that the model was trained on.
 */
export function explainerOf(model: FittedModel, training: FeatureColumn[], rows: number): Explainer {
  const { estimator } = model;
  if (estimator.kind === "constant" || model.encoding.length === 0) return { method: "none", explain: () => [] };
  if (estimator.kind === "linear") {
    const centre = designMeans(model, training);
    return { method: "linear", explain: (columns) => linearContributions(estimator, encode(model, columns), centre) };
  }
  return rows * treeSteps(estimator) <= mostSteps
    ? { method: "tree_shap", explain: (columns) => treeContributions(estimator, encode(model, columns)) }
    : { method: "decision_path", explain: (columns) => pathContributions(estimator, encode(model, columns)) };
}

function designMeans(model: FittedModel, training: FeatureColumn[]): Float64Array {
  const { rows, columns, values } = encodeDesign(model, training);
  const means = new Float64Array(columns);
  const seen = new Float64Array(columns);
  values.forEach((value, cell) => {
    if (Number.isNaN(value)) return;
    means[cell % columns]! += value;
    seen[cell % columns]! += 1;
  });
  return rows === 0 ? means : means.map((sum, c) => (seen[c] === 0 ? 0 : sum / seen[c]!));
}

/** TreeSHAP's steps for one row. */
export function treeSteps({ trees }: Extract<Estimator, { kind: "trees" }>): number {
  let steps = 0;
  for (const tree of trees) {
    const leaves = tree.left.filter((left) => left < 0).length;
    steps += leaves * (depthOf(tree, 0) + 1) ** 2;
  }
  return steps;
}

function depthOf(tree: Tree, node: number): number {
  if (tree.left[node]! < 0) return 0;
  return 1 + Math.max(depthOf(tree, tree.left[node]!), depthOf(tree, tree.right[node]!));
}
