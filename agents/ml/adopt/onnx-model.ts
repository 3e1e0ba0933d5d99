import { fault } from "@muster/shared/fault.ts";
import type { Tree } from "../fitted.ts";
import { checkTrees, type ReadModel } from "./assemble.ts";
import { type OnnxNode, readOnnxFile } from "./onnx-file.ts";

const refused = (why: string) => fault("invalid_input", `this model file is refused: ${why}`);

/** What may follow the model in its graph: it only names, shapes or copies what the model answered. */
const passing = new Set(["Identity", "Cast", "Mul"]);
const links = { LOGISTIC: "logistic", SOFTMAX: "softmax", NONE: "identity" } as const;

/**
 * Reads an ONNX file of one table model as converters write it: an optional Scaler, then a TreeEnsembleClassifier or
 * -Regressor, a LinearClassifier or -Regressor over one float input [n, k]. What it says is taken over, not run; a runtime is
 * asked whether it says the same once it is compiled anew. `invalid_input` for any other graph.
 */
export function readOnnxModel(bytes: Uint8Array): ReadModel {
  const { nodes, inputs } = readOnnxFile(bytes);
  if (inputs.length !== 1)
    throw refused(`it has ${inputs.length} inputs; one, of all features side by side, can be adopted`);
  const scaler = nodes.find(({ op }) => op === "ai.onnx.ml:Scaler");
  const models = nodes.filter(({ op }) => /^ai\.onnx\.ml:(TreeEnsemble|Linear)(Classifier|Regressor)$/.test(op));
  const other = nodes.find((node) => node !== scaler && !models.includes(node) && !passing.has(node.op));
  if (other?.op === "ai.onnx.ml:ZipMap") throw refused("its probabilities are maps; convert it with zipmap=False");
  if (other) throw refused(`the operator ${JSON.stringify(other.op.slice(0, 80))} can't be adopted`);
  const [model] = models;
  if (!model || models.length > 1) throw refused("it holds no tree ensemble and no linear model, or several");
  const from = scaler && model.inputs[0] === scaler.outputs[0] ? scaler.inputs[0] : model.inputs[0];
  const [input] = inputs as [(typeof inputs)[number]];
  if (from !== input.name) throw refused("something stands between its input and its model that can't be adopted");
  const read = model.op.includes("Tree") ? treesIn(model, input.width) : linearIn(model);
  return scaler && model.inputs[0] === scaler.outputs[0] ? scaled(read, scaler) : read;
}

const floats = (node: OnnxNode, name: string) => node.attributes.get(name)?.floats ?? [];
const ints = (node: OnnxNode, name: string) => node.attributes.get(name)?.ints ?? [];
const texts = (node: OnnxNode, name: string) => node.attributes.get(name)?.texts ?? [];

function classesOf(node: OnnxNode): string[] | null {
  const named = texts(node, "classlabels_strings");
  const numbered = [...ints(node, "classlabels_int64s"), ...ints(node, "classlabels_ints")].map(String);
  const labels = named.length > 0 ? named : numbered;
  // 0, 1, 2 … are how an encoder numbered them, not what they are called.
  return labels.length === 0 || labels.every((label, i) => label === String(i)) ? null : labels;
}

function linkOf(node: OnnxNode): (typeof links)[keyof typeof links] {
  const name = texts(node, "post_transform")[0] ?? "NONE";
  const link = links[name as keyof typeof links];
  if (!link) throw refused(`its outputs are transformed by ${name.slice(0, 40)}, which can't be adopted`);
  return link;
}

const classifies = (node: OnnxNode) => node.op.endsWith("Classifier");

/** Classes as our outputs have them: one margin for two classes, else one each. */
function taskOf(node: OnnxNode, labels: number): Pick<ReadModel, "task" | "classes"> & { outputs: number } {
  if (!classifies(node)) return { task: "regression", classes: null, outputs: 1 };
  if (labels < 2) throw refused("it names fewer than two classes");
  const classes = classesOf(node);
  return labels === 2 ? { task: "binary", classes, outputs: 1 } : { task: "multiclass", classes, outputs: labels };
}

const labelsOf = (node: OnnxNode) =>
  Math.max(
    ...["classlabels_strings", "classlabels_int64s", "classlabels_ints"].map((name) => {
      const { ints: numbers = [], texts: words = [] } = node.attributes.get(name) ?? {};
      return numbers.length + words.length;
    }),
  );

function treesIn(node: OnnxNode, wide: number | null): ReadModel {
  const { outputs, ...task } = taskOf(node, labelsOf(node));
  const link = linkOf(node);
  if (task.task === "binary" && link !== "logistic")
    throw refused("its trees vote on probabilities; those that add up to a logit (LOGISTIC) can be adopted");
  if (task.task === "multiclass" && link !== "softmax")
    throw refused("its trees vote on probabilities; those that add up to logits (SOFTMAX) can be adopted");
  if (task.task === "regression" && link !== "identity") throw refused("its answer is transformed");
  if (texts(node, "aggregate_function").some((name) => name !== "SUM"))
    throw refused("its trees are averaged otherwise than by their leaves");
  const [treeIds, nodeIds] = [ints(node, "nodes_treeids"), ints(node, "nodes_nodeids")];
  const place = new Map(treeIds.map((tree, i) => [`${tree}/${nodeIds[i]}`, i]));
  const kind = classifies(node) ? "class" : "target";
  const leaves = new Map<number, { output: number; weight: number }>();
  const weights = floats(node, `${kind}_weights`);
  ints(node, `${kind}_treeids`).forEach((tree, i) => {
    const at = place.get(`${tree}/${ints(node, `${kind}_nodeids`)[i]}`);
    if (at === undefined || leaves.has(at)) throw refused("a leaf answers several outputs at once, or is none");
    const id = ints(node, `${kind}_ids`)[i]!;
    leaves.set(at, { output: task.task === "multiclass" ? id : 0, weight: weights[i]! });
  });
  const byTree = Map.groupBy(treeIds.keys(), (i) => treeIds[i]!);
  const found = [...byTree.values()].map((nodes) => treeOf(node, nodes, place, leaves));
  const base = floats(node, "base_values");
  const width = wide ?? ints(node, "nodes_featureids").reduce((most, id) => Math.max(most, id), 0) + 1;
  const estimator = {
    ...{ kind: "trees" as const, family: "xgboost" as const, link },
    trees: found.map(({ tree }) => tree),
    group: found.map(({ output }) => output),
    // Of two classes some converters name the base of both.
    base: Array.from({ length: outputs }, (_, k) => (outputs === 1 ? (base.at(-1) ?? 0) : (base[k] ?? 0))),
  };
  checkTrees(estimator.trees, estimator.group, outputs, width);
  return { ...task, width, names: null, estimator };
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The next float32 above: x ≤ v is x < next(v), since features are float32 there. */
function above(value: number): number {
  float[0] = value;
  if (float[0] === 0) return 1.401298464324817e-45;
  bits[0] = bits[0]! + (float[0]! > 0 ? 1 : -1);
  return float[0]!;
}

function treeOf(
  node: OnnxNode,
  places: number[],
  place: ReadonlyMap<string, number>,
  leaves: ReadonlyMap<number, { output: number; weight: number }>,
): { tree: Tree; output: number } {
  const [modes, values, features] = [
    texts(node, "nodes_modes"),
    floats(node, "nodes_values"),
    ints(node, "nodes_featureids"),
  ];
  const [yes, no, tracks] = [
    ints(node, "nodes_truenodeids"),
    ints(node, "nodes_falsenodeids"),
    ints(node, "nodes_missing_value_tracks_true"),
  ];
  const treeIds = ints(node, "nodes_treeids");
  // Our root is node 0: the one that nothing leads to.
  const led = new Set(
    places
      .filter((at) => modes[at] !== "LEAF")
      .flatMap((at) => [yes[at], no[at]].map((id) => place.get(`${treeIds[at]}/${id}`))),
  );
  const root = places.filter((at) => !led.has(at));
  if (root.length !== 1) throw refused("a tree has no root, or several");
  const order = [root[0]!, ...places.filter((at) => at !== root[0])];
  const own = new Map(order.map((at, i) => [at, i]));
  const child = (at: number, id: number | undefined) => own.get(place.get(`${treeIds[at]}/${id}`) ?? -1) ?? -2;
  const outputs = new Set(order.flatMap((at) => (leaves.has(at) ? [leaves.get(at)!.output] : [])));
  if (outputs.size !== 1) throw refused("a tree answers several outputs at once");
  const leaf = (at: number) => modes[at] === "LEAF";
  for (const at of order)
    if (!["LEAF", "BRANCH_LT", "BRANCH_LEQ"].includes(modes[at] ?? ""))
      throw refused(`a split of the kind ${modes[at]} can't be adopted`);
  const tree: Tree = {
    feature: order.map((at) => (leaf(at) ? 0 : features[at]!)),
    threshold: order.map((at) => (leaf(at) ? 0 : modes[at] === "BRANCH_LT" ? values[at]! : above(values[at]!))),
    left: order.map((at) => (leaf(at) ? -1 : child(at, yes[at]))),
    right: order.map((at) => (leaf(at) ? -1 : child(at, no[at]))),
    missingLeft: order.map((at) => tracks[at] === 1),
    value: order.map((at) => (leaf(at) ? (leaves.get(at)?.weight ?? Number.NaN) : 0)),
  };
  if (tree.left.includes(-2) || tree.right.includes(-2)) throw refused("a node has a child that there isn't");
  return { tree, output: [...outputs][0]! };
}

function linearIn(node: OnnxNode): ReadModel {
  const { outputs, ...task } = taskOf(node, classifies(node) ? labelsOf(node) : 0);
  const [all, intercepts] = [floats(node, "coefficients"), floats(node, "intercepts")];
  const rows = Math.max(1, intercepts.length);
  const width = all.length / rows;
  if (!Number.isInteger(width) || width === 0) throw refused("its coefficients don't fit its outputs");
  const given = Array.from({ length: rows }, (_, k) => all.slice(k * width, (k + 1) * width));
  const link = linkOf(node);
  const expected = task.task === "regression" ? "identity" : task.task === "binary" ? "logistic" : "softmax";
  if (link !== expected) throw refused(`its outputs aren't transformed by ${expected}`);
  if (rows !== outputs && !(task.task === "binary" && rows === 2))
    throw refused("it has another number of outputs than classes");
  // Two rows for two classes: the second stands for the second class.
  const kept = task.task === "binary" ? [rows - 1] : [...given.keys()];
  const estimator = {
    ...{ kind: "linear" as const, link },
    coefficients: kept.map((k) => given[k]!),
    intercept: kept.map((k) => intercepts[k] ?? 0),
  };
  if (estimator.coefficients.flat().some((value) => !Number.isFinite(value)))
    throw refused("a coefficient isn't a finite number");
  return { ...task, width, names: null, estimator };
}

/** A linear model with its Scaler ((x − offset) · scale) taken into its coefficients. */
function scaled(read: ReadModel, scaler: OnnxNode): ReadModel {
  const [offset, scale] = [floats(scaler, "offset"), floats(scaler, "scale")];
  const { estimator, width } = read;
  if (estimator.kind !== "linear")
    throw refused("trees over scaled inputs can't be adopted; train them on the inputs as they are");
  const of = (list: number[], i: number) => (list.length === 1 ? list[0]! : list[i]!);
  if (![1, width].includes(offset.length) || ![1, width].includes(scale.length))
    throw refused("its scaler doesn't fit its inputs");
  const coefficients = estimator.coefficients.map((row) => row.map((value, i) => value * of(scale, i)));
  const intercept = estimator.intercept.map(
    (value, k) => value - coefficients[k]!.reduce((sum, one, i) => sum + one * of(offset, i), 0),
  );
  return { ...read, estimator: { ...estimator, coefficients, intercept } };
}
