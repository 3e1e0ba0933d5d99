import { readFileSync } from "node:fs";
import { join } from "node:path";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { expect, test } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { compile } from "../onnx/compile.ts";
import { predictFitted } from "../score.ts";
import { verifyGraph } from "../training/verify-graph.ts";
import { assemble } from "./assemble.ts";
import { withCover } from "./cover.ts";
import { readModelFile } from "./read-model-file.ts";
import { sameAnswers } from "./same-answers.ts";
import { inputsOf } from "./signature.ts";

// Made in Python by scikit-learn 1.9.1 with skl2onnx 1.20.0, LightGBM 4.7.0 and XGBoost 3.2.0 with onnxmltools 1.16.0.
const folder = join(import.meta.dirname, "../../../tests/support/outside-models");
const file = (name: string) => readFileSync(join(folder, `${name}.onnx`));
const signature = { inputs: ["tenure", "spent", "plan_max", "plan_plus"].map((column) => ({ column })) };

const random = seededRandom(8);
const rows = 400;
const numbers = (make: () => number) => Float64Array.from({ length: rows }, make);
const columns: FeatureColumn[] = [
  { name: "tenure", type: "number", values: numbers(() => Math.floor(random() * 60)) },
  { name: "spent", type: "number", values: numbers(() => Math.fround(25 + 4 * normal(random))) },
  { name: "plan_max", type: "number", values: numbers(() => Number(random() < 0.3)) },
  { name: "plan_plus", type: "number", values: numbers(() => Number(random() < 0.3)) },
];

test.each([
  ["logistic", "binary", ["no", "yes"]],
  ["gb", "binary", []],
  ["xgb", "binary", []],
  ["lgbm", "binary", []],
  ["xgb3", "multiclass", []],
  ["rf_reg", "regression", []],
])(
  "%s answers as onnxruntime says that the file does, to 1e-5, and once more when it is compiled anew",
  async (name, task, classes) => {
    const { kind, read } = readModelFile(file(name));
    expect(kind).toBe("onnx");
    expect(read.task).toBe(task);
    expect(read.classes ?? []).toEqual(classes);
    const named = { ...signature, ...(task === "multiclass" && { classes: ["basic", "max", "plus"] }) };
    const { fitted } = assemble(read, inputsOf(named, read), named);
    if (task === "binary" && classes.length === 0) fitted.classes = ["0", "1"];
    expect(await sameAnswers(file(name), fitted, columns)).toBeLessThan(1e-5);
    expect((await verifyGraph(compile(fitted), fitted, columns, rows)).worst).toBeLessThan(1e-5);
    const { probabilities, values } = predictFitted(fitted, columns);
    // Rows are told apart: a model that answers one number would pass the comparison too.
    expect(new Set(values ?? probabilities[1]).size).toBeGreaterThan(2);
    const { estimator } = withCover(fitted, columns);
    if (estimator.kind === "trees") expect(estimator.trees[0]!.cover![0]).toBe(rows);
  },
);

test("a row that lies on a split goes where the file sends it: ≤ there is < with the next number here", async () => {
  const { read } = readModelFile(file("gb"));
  const { fitted } = assemble(read, inputsOf(signature, read), { classes: ["0", "1"] });
  if (fitted.estimator.kind !== "trees") throw new Error("it holds trees");
  const splits = fitted.estimator.trees.flatMap(({ feature, threshold, left }) =>
    threshold.filter((_, node) => feature[node] === 1 && left[node]! >= 0),
  );
  expect(splits.length).toBeGreaterThan(5);
  const on = columns.map(
    (column): FeatureColumn =>
      column.type === "number"
        ? {
            ...column,
            values: Float64Array.from(splits, (split, i) => (column.name === "spent" ? split : column.values[i]!)),
          }
        : column,
  );
  expect(await sameAnswers(file("gb"), fitted, on)).toBeLessThan(1e-5);
});

test("a model that was read of another file isn't taken for this one", async () => {
  const { read } = readModelFile(file("gb"));
  const { fitted } = assemble(read, inputsOf(signature, read), { classes: ["0", "1"] });
  await expect(sameAnswers(file("lgbm"), fitted, columns)).rejects.toMatchObject({ code: "unfit" });
});

test.each([
  ["maps of probabilities", file("logistic_zipmap"), /zipmap=False/],
  ["a file that is cut off", file("gb").subarray(0, 3000), /refused|not a readable/],
  ["other bytes", Buffer.from("hello, I am no model"), /refused|not a readable/],
  [
    "our own graphs, whose operators no converter writes",
    compile({
      ...{ task: "regression", classes: [], inputs: [{ name: "a", type: "number" }], threshold: null },
      ...{ encoding: [{ op: "number", input: 0, impute: 0, mean: 0, scale: 1 }], calibration: { kind: "none" } },
      estimator: { kind: "linear", coefficients: [[1]], intercept: [0], link: "identity" },
    }),
    /can't be adopted/,
  ],
])("refuses %s", (_, bytes, words) => {
  expect(() => readModelFile(bytes)).toThrow(words);
  expect(() => readModelFile(bytes)).toThrow(expect.objectContaining({ code: "invalid_input" }));
});
