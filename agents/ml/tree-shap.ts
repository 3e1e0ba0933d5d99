import { fault } from "@muster/shared/fault.ts";
import type { Estimator, Tree } from "./fitted.ts";
import type { Matrix } from "./matrix.ts";
import { goesLeft } from "./score.ts";

/**
 * What each design column adds to one output's margin: `values` is rows × columns, row-major, and
 * bias + Σ values of a row = the uncalibrated margin of that row.
 */
export type Contributions = { rows: number; columns: number; values: Float64Array; bias: number };

/**
 * Exact path-dependent TreeSHAP (Lundberg et al. 2018, algorithm 2) of trees on a design matrix, one entry for each output.
 * The bias is the mean output over the rows that each node has seen. Time per row and tree: leaves × depth².
 * `unfit` where a tree carries no `cover`.
 */
export function treeContributions(estimator: Extract<Estimator, { kind: "trees" }>, matrix: Matrix): Contributions[] {
  const outputs = estimator.base.map((base): Contributions => {
    const values = new Float64Array(matrix.rows * matrix.columns);
    return { rows: matrix.rows, columns: matrix.columns, values, bias: base };
  });
  estimator.trees.forEach((tree, t) => {
    const output = outputs[estimator.group[t]!]!;
    const cover = tree.cover;
    if (!cover) throw fault("unfit", "a tree without the cover of its nodes can't be explained; train the model again");
    output.bias += meanOutput(tree, cover, 0);
    const walk = walker(tree, cover);
    for (let row = 0; row < matrix.rows; row++) {
      const from = row * matrix.columns;
      walk(matrix.values.subarray(from, from + matrix.columns), output.values.subarray(from, from + matrix.columns));
    }
  });
  return outputs;
}

/**
 * The contributions of a linear model, coefficient × (value − centre), one entry for each output. `centre` holds the mean
 * of each design column over the training rows; the bias is the margin of a row that has it everywhere.
 */
export function linearContributions(
  estimator: Extract<Estimator, { kind: "linear" }>,
  matrix: Matrix,
  centre: ArrayLike<number>,
): Contributions[] {
  return estimator.coefficients.map((coefficients, o) => {
    const values = new Float64Array(matrix.rows * matrix.columns);
    for (let i = 0; i < values.length; i++) {
      const c = i % matrix.columns;
      values[i] = coefficients[c]! * (matrix.values[i]! - centre[c]!);
    }
    const bias = coefficients.reduce((sum, coefficient, c) => sum + coefficient * centre[c]!, estimator.intercept[o]!);
    return { rows: matrix.rows, columns: matrix.columns, values, bias };
  });
}

function meanOutput(tree: Tree, cover: number[], node: number): number {
  if (tree.left[node]! < 0) return tree.value[node]!;
  const { left, right } = { left: tree.left[node]!, right: tree.right[node]! };
  const whole = cover[left]! + cover[right]!;
  const half = (child: number) => (cover[child] === 0 ? 0 : (cover[child]! / whole) * meanOutput(tree, cover, child));
  return half(left) + half(right);
}

function depthOf(tree: Tree, node: number): number {
  if (tree.left[node]! < 0) return 0;
  return 1 + Math.max(depthOf(tree, tree.left[node]!), depthOf(tree, tree.right[node]!));
}

/** Adds the contributions of one tree for one row. The path of each level stands behind its parent's in the same arrays. */
function walker(tree: Tree, cover: number[]): (x: Float32Array, into: Float64Array) => void {
  const depth = depthOf(tree, 0) + 2;
  const size = (depth * (depth + 1)) / 2;
  const feature = new Int32Array(size);
  const zero = new Float64Array(size);
  const one = new Float64Array(size);
  const weight = new Float64Array(size);

  function extend(at: number, d: number, z: number, o: number, split: number): void {
    feature[at + d] = split;
    zero[at + d] = z;
    one[at + d] = o;
    weight[at + d] = d === 0 ? 1 : 0;
    for (let i = d - 1; i >= 0; i--) {
      weight[at + i + 1]! += (o * weight[at + i]! * (i + 1)) / (d + 1);
      weight[at + i] = (z * weight[at + i]! * (d - i)) / (d + 1);
    }
  }

  function unwind(at: number, d: number, index: number): void {
    const o = one[at + index]!;
    const z = zero[at + index]!;
    let next = weight[at + d]!;
    for (let i = d - 1; i >= 0; i--) {
      if (o !== 0) {
        const before = weight[at + i]!;
        weight[at + i] = (next * (d + 1)) / ((i + 1) * o);
        next = before - (weight[at + i]! * z * (d - i)) / (d + 1);
      } else weight[at + i] = (weight[at + i]! * (d + 1)) / (z * (d - i));
    }
    for (let i = index; i < d; i++) {
      feature[at + i] = feature[at + i + 1]!;
      zero[at + i] = zero[at + i + 1]!;
      one[at + i] = one[at + i + 1]!;
    }
  }

  function unwoundSum(at: number, d: number, index: number): number {
    const o = one[at + index]!;
    const z = zero[at + index]!;
    let next = weight[at + d]!;
    let total = 0;
    for (let i = d - 1; i >= 0; i--) {
      if (o !== 0) {
        const part = (next * (d + 1)) / ((i + 1) * o);
        total += part;
        next = weight[at + i]! - (part * z * (d - i)) / (d + 1);
      } else total += (weight[at + i]! * (d + 1)) / (z * (d - i));
    }
    return total;
  }

  function visit(
    x: Float32Array,
    into: Float64Array,
    node: number,
    parent: number,
    at: number,
    depthSoFar: number,
    z: number,
    o: number,
    split: number,
  ): void {
    let d = depthSoFar;
    for (let i = 0; i < d; i++) {
      feature[at + i] = feature[parent + i]!;
      zero[at + i] = zero[parent + i]!;
      one[at + i] = one[parent + i]!;
      weight[at + i] = weight[parent + i]!;
    }
    extend(at, d, z, o, split);
    if (tree.left[node]! < 0) {
      for (let i = 1; i <= d; i++) {
        into[feature[at + i]!]! += unwoundSum(at, d, i) * (one[at + i]! - zero[at + i]!) * tree.value[node]!;
      }
      return;
    }
    const next = tree.feature[node]!;
    const value = x[next]!;
    const left = goesLeft(tree, node, value);
    const hot = left ? tree.left[node]! : tree.right[node]!;
    const cold = left ? tree.right[node]! : tree.left[node]!;
    const whole = cover[hot]! + cover[cold]!;
    let incomingZero = 1;
    let incomingOne = 1;
    for (let i = 1; i <= d; i++) {
      if (feature[at + i] !== next) continue;
      incomingZero = zero[at + i]!;
      incomingOne = one[at + i]!;
      unwind(at, d, i);
      d--;
      break;
    }
    const child = at + d + 1;
    const share = (node: number) => (whole === 0 ? 0.5 : cover[node]! / whole);
    visit(x, into, hot, at, child, d + 1, incomingZero * share(hot), incomingOne, next);
    // A branch that no training row took has no weight, and would divide by it.
    if (share(cold) > 0) visit(x, into, cold, at, child, d + 1, incomingZero * share(cold), 0, next);
  }

  return (x, into) => visit(x, into, 0, 0, 0, 0, 1, 1, -1);
}
