import { fault } from "@muster/shared/fault.ts";
import type { Estimator, Tree } from "../fitted.ts";
import type { Matrix } from "../matrix.ts";
import { goesLeft } from "../score.ts";
import type { Contributions } from "../tree-shap.ts";

/**
 * Contributions by decision path (Saabas 2014): each split on a row's path adds the change of the node's mean output to
 * its column. They sum to the margin as TreeSHAP's do, in time trees × depth a row, but favour splits near the leaves.
 * `unfit` where a tree carries no `cover`.
 */
export function pathContributions(estimator: Extract<Estimator, { kind: "trees" }>, matrix: Matrix): Contributions[] {
  const outputs = estimator.base.map(
    (base): Contributions => ({
      rows: matrix.rows,
      columns: matrix.columns,
      values: new Float64Array(matrix.rows * matrix.columns),
      bias: base,
    }),
  );
  estimator.trees.forEach((tree, t) => {
    const output = outputs[estimator.group[t]!]!;
    const means = nodeMeans(tree);
    output.bias += means[0]!;
    for (let row = 0; row < matrix.rows; row++) {
      const start = row * matrix.columns;
      let node = 0;
      while (tree.left[node]! >= 0) {
        const column = tree.feature[node]!;
        const x = matrix.values[start + column]!;
        const next = goesLeft(tree, node, x) ? tree.left[node]! : tree.right[node]!;
        output.values[start + column]! += means[next]! - means[node]!;
        node = next;
      }
    }
  });
  return outputs;
}

/** The mean output below each node over the rows that it has seen. */
function nodeMeans(tree: Tree): Float64Array {
  const { cover } = tree;
  if (!cover) throw fault("unfit", "a tree without the cover of its nodes can't be explained; train the model again");
  const means = new Float64Array(tree.left.length);
  const fill = (node: number): number => {
    const left = tree.left[node]!;
    const right = tree.right[node]!;
    if (left < 0) means[node] = tree.value[node]!;
    else {
      const whole = cover[left]! + cover[right]!;
      const [a, b] = [fill(left), fill(right)];
      // No training row below: either half is as likely.
      means[node] = whole === 0 ? (a + b) / 2 : (a * cover[left]! + b * cover[right]!) / whole;
    }
    return means[node]!;
  };
  fill(0);
  return means;
}
