import { fault } from "@muster/shared/fault.ts";
import type { Estimator } from "../fitted.ts";
import type { GraphBuilder, Value } from "./graph.ts";

type Trees = Extract<Estimator, { kind: "trees" }>;

/**
 * The margins of a tree ensemble, double [n, k], from a float design matrix.
 * A branch is `x < threshold` in float32 (BRANCH_LT), or a category's code among a set (a chain of BRANCH_EQ); a missing
 * value goes where the tree sends it. The runtime sums
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
    const add = (
      id: number,
      mode: "LEAF" | "BRANCH_LT" | "BRANCH_EQ",
      [feature, value, whenTrue, whenFalse]: [feature: number, value: number, whenTrue: number, whenFalse: number],
      missingTrue: boolean,
    ) => {
      nodes.tree!.push(t);
      nodes.node!.push(id);
      modes.push(mode);
      nodes.feature!.push(feature);
      nodes.value!.push(value);
      nodes.left!.push(whenTrue);
      nodes.right!.push(whenFalse);
      nodes.missing!.push(missingTrue ? 1 : 0);
    };
    let free = tree.left.length;
    for (let n = 0; n < tree.left.length; n++) {
      const [left, right] = [tree.left[n]!, tree.right[n]!];
      if (left >= 0) {
        const column = columnAt(position, tree.feature[n]!);
        const set = tree.members?.[n];
        if (!set) add(n, "BRANCH_LT", [column, tree.threshold[n]!, left, right], tree.missingLeft[n]!);
        // A set is a chain of equalities that share the node of its members; a missing value equals none of them.
        set?.forEach((code, i) => {
          const last = i === set.length - 1;
          add(i === 0 ? n : free++, "BRANCH_EQ", [column, code, right, last ? left : free], !tree.missingLeft[n]);
        });
        continue;
      }
      add(n, "LEAF", [0, 0, 0, 0], false);
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
