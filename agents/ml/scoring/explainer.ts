import { encode, encodeDesign } from "../encode.ts";
import type { FittedModel, Tree } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { type MemberModel, membersOf } from "../members.ts";
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
 * where `rows` would take more than the limit (deep forests); an ensemble by its members, each times its weight. `training`
 * are rows that the model was trained on.
 */
export function explainerOf(model: FittedModel, training: FeatureColumn[], rows: number): Explainer {
  const members = membersOf(model);
  if (members.length === 0 || model.encoding.length === 0) return { method: "none", explain: () => [] };
  const exact = rows * treeSteps(model) <= mostSteps;
  const parts = members.map((member) => memberExplainer(member.model, training, exact));
  const trees = exact ? "tree_shap" : "decision_path";
  return {
    method: members.every((member) => member.model.estimator.kind === "linear") ? "linear" : trees,
    explain: (columns) =>
      joinedContributions(members.map(({ weight }, i) => ({ weight, outputs: parts[i]!(columns) }))),
  };
}

function memberExplainer(model: MemberModel, training: FeatureColumn[], exact: boolean): Explainer["explain"] {
  const { estimator } = model;
  if (estimator.kind === "linear") {
    const centre = designMeans(model, training);
    return (columns) => linearContributions(estimator, encode(model, columns), centre);
  }
  const contributions = exact ? treeContributions : pathContributions;
  return (columns) => contributions(estimator, encode(model, columns));
}

/** The members' contributions, each times its weight, side by side as their columns stand in the design matrix. */
export function joinedContributions(parts: readonly { weight: number; outputs: Contributions[] }[]): Contributions[] {
  const [first] = parts;
  if (parts.length === 1 && first!.weight === 1) return first!.outputs;
  return (first?.outputs ?? []).map(({ rows }, k) => {
    const own = parts.map(({ weight, outputs }) => ({ weight, ...outputs[k]! }));
    const columns = own.reduce((sum, one) => sum + one.columns, 0);
    const values = new Float64Array(rows * columns);
    let from = 0;
    for (const one of own) {
      for (let row = 0; row < rows; row++)
        for (let c = 0; c < one.columns; c++)
          values[row * columns + from + c] = one.weight * one.values[row * one.columns + c]!;
      from += one.columns;
    }
    return { rows, columns, values, bias: own.reduce((sum, { weight, bias }) => sum + weight * bias, 0) };
  });
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

/** TreeSHAP's steps for one row, over all trees of a model; 0 where it has none. */
export function treeSteps(model: FittedModel): number {
  let steps = 0;
  for (const { estimator } of membersOf(model).map((member) => member.model))
    for (const tree of estimator.kind === "trees" ? estimator.trees : []) {
      const leaves = tree.left.filter((left) => left < 0).length;
      steps += leaves * (depthOf(tree, 0) + 1) ** 2;
    }
  return steps;
}

function depthOf(tree: Tree, node: number): number {
  if (tree.left[node]! < 0) return 0;
  return 1 + Math.max(depthOf(tree, tree.left[node]!), depthOf(tree, tree.right[node]!));
}
