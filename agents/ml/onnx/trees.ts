import { fault } from "@muster/shared/fault.ts";
import type { Estimator } from "../fitted.ts";
import type { GraphBuilder, Value } from "./graph.ts";

type Trees = Extract<Estimator, { kind: "trees" }>;

/**
 * The margins of a tree ensemble, double [n, k], from a float design matrix.
 * A branch is `x < threshold` in float32 (BRANCH_LT), a missing value goes where the tree sends it. The runtime sums
 * base and leaves in float32 in the engine's order.
 * `position[f]` is the design column of the trees' feature f.
 */
export function treeMargins(g: GraphBuilder, design: Value, estimator: Trees, position: number[]): Value {
  const nodes = { tree: [], node: [], feature: [], value: [], left: [], right: [], missing: [] } as Record<
    string,
    number[]
  >;
  const modes: string[] = [];
  const leaves = { tree: [], node: [], target: [], weight: [] } as Record<string, number[]>;
  const { trees, group } = withBaseFirst(estimator);
  trees.forEach((tree, t) => {
    const target = group[t];
    if (target === undefined || !(target >= 0 && target < estimator.base.length)) {
      throw fault("invalid_input", "a tree belongs to no output of the model");
    }
    for (let n = 0; n < tree.left.length; n++) {
      const leaf = tree.left[n]! < 0;
      nodes.tree!.push(t);
      nodes.node!.push(n);
      modes.push(leaf ? "LEAF" : "BRANCH_LT");
      nodes.feature!.push(leaf ? 0 : columnAt(position, tree.feature[n]!));
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

/**
 * The base as the first trees, a lone leaf each. The engine starts its float32 sum from the base, the runtime would add
 * its own base value last: the same order of additions gives the same bits.
 */
function withBaseFirst({ trees, group, base }: Trees): Pick<Trees, "trees" | "group"> {
  const leaf = { feature: [0], threshold: [0], left: [-1], right: [-1], missingLeft: [false] };
  return {
    trees: [...base.map((value) => ({ ...leaf, value: [value] })), ...trees],
    group: [...base.keys(), ...group],
  };
}

function columnAt(position: number[], feature: number): number {
  const column = position[feature];
  if (column === undefined) throw fault("invalid_input", "a tree splits on a column that the encoding doesn't make");
  return column;
}
