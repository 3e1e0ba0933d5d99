import { encode } from "../encode.ts";
import type { FittedModel, Tree } from "../fitted.ts";
import type { FeatureColumn, Matrix } from "../matrix.ts";

/** The model with the rows that reach each node counted, where its trees don't bear that themselves: TreeSHAP weighs by it. */
export function withCover(fitted: FittedModel, columns: FeatureColumn[]): FittedModel {
  const { estimator } = fitted;
  if (estimator.kind !== "trees" || estimator.trees.every(({ cover }) => cover !== undefined)) return fitted;
  const matrix = encode(fitted, columns);
  const trees = estimator.trees.map((tree) => ({ ...tree, cover: tree.cover ?? coverOf(tree, matrix) }));
  return { ...fitted, estimator: { ...estimator, trees } };
}

function coverOf(tree: Tree, { rows, columns, values }: Matrix): number[] {
  const cover = new Array<number>(tree.left.length).fill(0);
  for (let row = 0; row < rows; row++) {
    let node = 0;
    for (;;) {
      cover[node]! += 1;
      if (tree.left[node]! < 0) break;
      const x = values[row * columns + tree.feature[node]!]!;
      const left = Number.isNaN(x) ? tree.missingLeft[node]! : x < tree.threshold[node]!;
      node = left ? tree.left[node]! : tree.right[node]!;
    }
  }
  return cover;
}
