import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { compile } from "../onnx/compile.ts";
import { predictFitted } from "../score.ts";
import { verifyGraph } from "../training/verify-graph.ts";
import { assemble, checkTrees } from "./assemble.ts";
import { inOrder } from "./in-order.ts";
import { inputsOf } from "./signature.ts";
import { readXgboostJson } from "./xgboost-json.ts";

const folder = join(import.meta.dirname, "../../../tests/support/outside-models");
const bytes = readFileSync(join(folder, "leavers-xgboost.json"));
/** What XGBoost 3.2 itself answers to some rows of the same table, in Python. */
const expected = JSON.parse(readFileSync(join(folder, "leavers-xgboost.expected.json"), "utf8")) as {
  columns: { tenure: number[]; spent: (number | null)[]; plan: string[] };
  probability: number[];
};
const columns: FeatureColumn[] = [
  { name: "tenure", type: "number", values: Float64Array.from(expected.columns.tenure) },
  { name: "spent", type: "number", values: Float64Array.from(expected.columns.spent, (v) => v ?? Number.NaN) },
  { name: "plan", type: "category", values: expected.columns.plan },
];
const signature = {
  inputs: [
    { column: "tenure" },
    { column: "spent" },
    { column: "plan", equals: "max" },
    { column: "plan", equals: "plus" },
  ],
  classes: ["no", "yes"],
};
const model = () => {
  const read = readXgboostJson(bytes);
  return assemble(read, inputsOf(signature, read), signature).fitted;
};
test("a file of Python's XGBoost 3 answers as XGBoost does, to 1e-6, also as a graph; missing values and one-hot columns too", async () => {
  const fitted = model();
  expect(expected.columns.spent).toContain(null);
  const { probabilities } = predictFitted(fitted, columns);
  for (const [i, p] of expected.probability.entries()) expect(probabilities[1]![i]).toBeCloseTo(p, 6);
  expect((await verifyGraph(compile(fitted), fitted, columns, expected.probability.length)).worst).toBeLessThan(1e-6);
  expect(fitted.inputs).toEqual([
    { name: "tenure", type: "number" },
    { name: "spent", type: "number" },
    { name: "plan", type: "category" },
  ]);
});

test("its own names stand for columns where nobody says otherwise, and each input must be named", () => {
  const read = readXgboostJson(bytes);
  expect(inputsOf({}, read).map(({ column }) => column)).toEqual(["tenure", "spent", "plan_max", "plan_plus"]);
  const short = { inputs: [{ column: "tenure" }] };
  expect(() => inputsOf(short, read)).toThrow(/has 4 inputs, the signature names 1/);
  expect(() => inputsOf({}, { width: 2, names: null })).toThrow(/doesn't name its inputs/);
});

test("classes in another order answer the same of each class", () => {
  const [yes, no] = [inOrder(model(), ["no", "yes"]), inOrder(model(), ["yes", "no"])];
  const of = (fitted: typeof yes) => predictFitted(fitted, columns).probabilities;
  expect(no.threshold).toBe(0.5);
  for (const [i, p] of of(yes)[1]!.entries()) expect(of(no)[0]![i]).toBeCloseTo(p, 6);
  expect(() => inOrder(model(), ["stays", "leaves"])).toThrow(expect.objectContaining({ code: "unfit" }));
});

test("trees after the best iteration are left out", () => {
  const file = JSON.parse(bytes.toString("utf8"));
  file.learner.attributes = { best_iteration: "4" };
  const early = readXgboostJson(Buffer.from(JSON.stringify(file)));
  expect(early.estimator.kind === "trees" && early.estimator.trees).toHaveLength(5);
  const all = readXgboostJson(bytes).estimator;
  expect(all.kind === "trees" && all.trees).toHaveLength(12);
});

const trees = "gradient_booster.model.trees";
test.each([
  ["another booster", "gradient_booster.name", "gblinear", /gblinear booster/],
  ["another objective", "objective.name", "rank:ndcg", /objective rank:ndcg/],
  ["native categories", `${trees}.0.split_type.0`, 1, /categories natively/],
  ["a tree that leads back to its root", `${trees}.0.left_children.1`, 0, /refused/],
  ["a tree that leads back into itself", `${trees}.0.right_children.0`, 1, /leads back to itself/],
  ["a child that there isn't", `${trees}.0.left_children.0`, 999, /child that there isn't/],
  ["fewer inputs than it splits on", "learner_model_param.num_feature", "1", /input that there isn't/],
  ["a tree of no output", "gradient_booster.model.tree_info.0", 7, /belongs to no output/],
  ["no base score", "learner_model_param.base_score", "nan", /base score/],
  ["no trees", trees, [], /refused/],
])("refuses %s", (_, path, value, words) => {
  const file = JSON.parse(bytes.toString("utf8"));
  const keys = path.split(".");
  const last = keys.pop()!;
  keys.reduce((part, key) => part[key], file.learner)[last] = value;
  const read = () => readXgboostJson(Buffer.from(JSON.stringify(file)));
  expect(read).toThrow(words);
  expect(read).toThrow(expect.objectContaining({ code: "invalid_input" }));
});

test.each(["{}", "[1]", '{"learner": 5}', "{", "\u0000"])("refuses %j, which is no model", (text) => {
  expect(() => readXgboostJson(Buffer.from(text))).toThrow(expect.objectContaining({ code: "invalid_input" }));
});

test("a column can't be a number and a text, and as many classes are named as there are outputs", () => {
  const read = readXgboostJson(bytes);
  const both = { inputs: signature.inputs.map((one, i) => (i === 0 ? { column: "plan" } : one)) };
  expect(() => assemble(read, both.inputs, both)).toThrow(/only be one of both/);
  expect(() => assemble(read, signature.inputs, { classes: ["a", "b", "c"] })).toThrow(/tells 2 classes/);
  expect(() => checkTrees([], [], 1, 1)).toThrow(/no tree/);
});
