import type { OutsideColumn } from "@muster/shared/domain/outside-model.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Estimator, FittedModel, Tree } from "../fitted.ts";
import { featureName } from "../suggest/names.ts";
import type { GivenSignature } from "./signature.ts";

/** What a model file holds, read but not run: how many inputs, their names where it bears them, the task, the estimator. */
export type ReadModel = {
  width: number;
  names: readonly string[] | null;
  task: FittedModel["task"];
  estimator: Extract<Estimator, { kind: "trees" | "linear" }>;
  /** Class labels that the file itself bears, in the order of its outputs. */
  classes: readonly string[] | null;
};

/**
 * An outside model as one of our own: its inputs are encoded from raw columns as the signature says. `classes` stay empty where
 * nobody named them. Gives the columns that it reads beside it. `invalid_input` where the parts don't fit each other.
 */
export function assemble(
  read: ReadModel,
  inputs: NonNullable<GivenSignature["inputs"]>,
  signature: GivenSignature,
): { fitted: FittedModel; columns: OutsideColumn[] } {
  const types = new Map<string, "number" | "category">();
  for (const { column, equals } of inputs) {
    const type = equals === undefined ? "number" : "category";
    if ((types.get(column) ?? type) !== type)
      throw fault(
        "invalid_input",
        `${column} is read as a number and compared with a text; it can only be one of both`,
      );
    types.set(column, type);
  }
  const columns = [...types].map(([column, type]) => ({ column, type }));
  const place = new Map(columns.map(({ column }, i) => [column, i]));
  const linear = read.estimator.kind === "linear";
  const encoding = inputs.map(({ column, equals, impute }): FittedModel["encoding"][number] =>
    equals === undefined
      ? // A linear model has no answer to a missing number: zero, as if the input weren't there, unless it is said otherwise.
        { op: "number", input: place.get(column)!, impute: impute ?? (linear ? 0 : null), mean: 0, scale: 1 }
      : { op: "one_hot", input: place.get(column)!, category: equals },
  );
  const named = signature.classes ?? read.classes ?? [];
  const outputs = read.task === "multiclass" ? outputsOf(read.estimator) : 2;
  if (read.task === "regression" && signature.classes)
    throw fault("invalid_input", "the model answers numbers: leave signature.classes out");
  if (read.task !== "regression" && named.length > 0 && named.length !== outputs)
    throw fault("invalid_input", `the model tells ${outputs} classes apart, ${named.length} are named`);
  const fitted: FittedModel = {
    ...{ task: read.task, classes: read.task === "regression" ? [] : [...named] },
    inputs: columns.map(({ column, type }) => ({ name: featureName(column), type })),
    ...{ encoding, estimator: read.estimator, calibration: { kind: "none" } },
    threshold: read.task === "binary" ? (signature.threshold ?? 0.5) : null,
  };
  return { fitted, columns };
}

const outputsOf = (estimator: ReadModel["estimator"]): number =>
  estimator.kind === "trees" ? estimator.base.length : estimator.intercept.length;

/**
 * Holds the trees of a foreign file to their form: children within the tree and each reached once, splits on inputs that there
 * are, finite numbers, outputs that there are. `invalid_input` for anything else: such a tree could be walked for ever.
 */
export function checkTrees(trees: readonly Tree[], group: readonly number[], outputs: number, width: number): void {
  const refused = (why: string) => fault("invalid_input", `this model file is refused: ${why}`);
  if (trees.length === 0) throw refused("it has no tree");
  if (group.length !== trees.length || group.some((one) => !Number.isInteger(one) || one < 0 || one >= outputs))
    throw refused("a tree belongs to no output");
  for (const { feature, threshold, left, right, value, missingLeft } of trees) {
    const nodes = left.length;
    if ([feature, threshold, right, value, missingLeft].some((list) => list.length !== nodes) || nodes === 0)
      throw refused("a tree's lists differ in length");
    const seen = new Uint8Array(nodes);
    const open = [0];
    while (open.length > 0) {
      const node = open.pop()!;
      if (seen[node]) throw refused("a tree leads back to itself");
      seen[node] = 1;
      if (left[node]! < 0) {
        if (!Number.isFinite(value[node]!)) throw refused("a leaf isn't a finite number");
        continue;
      }
      if (!Number.isInteger(feature[node]!) || feature[node]! < 0 || feature[node]! >= width)
        throw refused("a split reads an input that there isn't");
      if (Number.isNaN(threshold[node]!)) throw refused("a split has no threshold");
      for (const child of [left[node]!, right[node]!]) {
        if (!Number.isInteger(child) || child <= 0 || child >= nodes)
          throw refused("a node has a child that there isn't");
        open.push(child);
      }
    }
  }
}
