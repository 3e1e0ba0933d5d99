import { fault } from "@muster/shared/fault.ts";
import type { Estimator } from "../fitted.ts";
import type { GraphBuilder, Value } from "./graph.ts";

/**
 * The margins of a tree ensemble, double [n, k], from a float design matrix.
 * A branch is `x < threshold` in float32 (BRANCH_LT), a missing value goes where the tree sends it. The runtime sums
 * the leaves in float32 as the engine does.
 * `position[f]` is the design column of the trees' feature f.
 */
export function treeMargins(
  g: GraphBuilder,
  design: Value,
  estimator: Extract<Estimator, { kind: "trees" }>,
  position: number[],
): Value {
  const nodes = { tree: [], node: [], feature: [], value: [], left: [], right: [], missing: [] } as Record<
    string,
    number[]
  >;
  const modes: string[] = [];
  const leaves = { tree: [], node: [], target: [], weight: [] } as Record<string, number[]>;
  estimator.trees.forEach((tree, t) => {
    const target = estimator.group[t];
    if (target === undefined || !(target >= 0 && target < estimator.base.length)) {
      throw fault("invalid_input", `tree ${t} belongs to no output of the model`);
    }
    for (let n = 0; n < tree.left.length; n++) {
      const leaf = tree.left[n]! < 0;
      nodes.tree!.push(t);
      nodes.node!.push(n);
      modes.push(leaf ? "LEAF" : "BRANCH_LT");
      nodes.feature!.push(leaf ? 0 : columnAt(position, tree.feature[n]!, t));
      nodes.value!.push(leaf ? 0 : tree.threshold[n]!);
      nodes.left!.push(leaf ? 0 : tree.left[n]!);
      nodes.right!.push(leaf ? 0 : tree.right[n]!);
      nodes.missing!.push(!leaf && tree.missingLeft[n] ? 1 : 0);
      if (!leaf) continue;
      leaves.tree!.push(t);
      leaves.node!.push(n);
      leaves.target!.push(target);
      leaves.weight!.push(tree.value[n]!);
    }
  });
  const margins = g.node(
    "TreeEnsembleRegressor",
    [design],
    [
      { name: "n_targets", int: estimator.base.length },
      { name: "aggregate_function", text: "SUM" },
      { name: "post_transform", text: "NONE" },
      { name: "base_values", floats: estimator.base },
      { name: "nodes_treeids", ints: nodes.tree! },
      { name: "nodes_nodeids", ints: nodes.node! },
      { name: "nodes_modes", texts: modes },
      { name: "nodes_featureids", ints: nodes.feature! },
      { name: "nodes_values", floats: nodes.value! },
      { name: "nodes_truenodeids", ints: nodes.left! },
      { name: "nodes_falsenodeids", ints: nodes.right! },
      { name: "nodes_missing_value_tracks_true", ints: nodes.missing! },
      { name: "target_treeids", ints: leaves.tree! },
      { name: "target_nodeids", ints: leaves.node! },
      { name: "target_ids", ints: leaves.target! },
      { name: "target_weights", floats: leaves.weight! },
    ],
    "ai.onnx.ml",
  );
  return g.cast(margins, 11);
}

function columnAt(position: number[], feature: number, tree: number): number {
  const column = position[feature];
  if (column === undefined)
    throw fault("invalid_input", `tree ${tree} splits on a column that the encoding doesn't make`);
  return column;
}
