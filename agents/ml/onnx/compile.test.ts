import { sha256 } from "@muster/shared/canonical.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import type { Calibration, EncodedColumn, Estimator, FittedModel, Member } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";
import { compile } from "./compile.ts";
import { openModel } from "./run.ts";
import { randomTree, referenceScores } from "./testing.ts";

const inputs: FittedModel["inputs"] = [
  { name: "tenure", type: "number" },
  { name: "city", type: "category" },
  { name: "value", type: "number" },
  { name: "plan: type.v-2", type: "category" },
  { name: "unused", type: "number" },
];
const cities = ["Bern", "Zürich", "東京", 'a"b', "nul\0inside"];
const encoding: EncodedColumn[] = [
  { op: "one_hot", input: 1, category: "Zürich" },
  { op: "number", input: 2, impute: null, mean: 0, scale: 1 },
  { op: "missing", input: 1 },
  { op: "number", input: 0, impute: 3.25, mean: 1.5, scale: 0.7 },
  { op: "target", input: 3, values: { basic: 0.31, pro: -0.07 }, prior: 0.1 },
  { op: "missing", input: 2 },
  { op: "ordinal", input: 1, categories: cities },
  { op: "one_hot", input: 3, category: "pro" },
  { op: "number", input: 0, impute: null, mean: 0, scale: 1 },
  { op: "one_hot", input: 1, category: "nul\0inside" },
];
const linearEncoding = encoding.map((column): EncodedColumn => {
  if (column.op === "ordinal") return { op: "one_hot", input: 1, category: "Bern" };
  return column.op === "number" ? { ...column, impute: column.impute ?? 0.5 } : column;
});

/** Rows with missing values, unseen categories, split values themselves and their float32 neighbours. */
function rowsFor(rows: number, seed: number): FeatureColumn[] {
  const random = seededRandom(seed);
  const number = (i: number) => {
    if (i === 0) return Number.NaN;
    const kind = random();
    if (kind < 0.15) return Number.NaN;
    if (kind < 0.4) return splits[Math.floor(random() * splits.length)]!;
    return kind < 0.5 ? splits[0]! + (random() - 0.5) * 1e-8 : normal(random) * 3;
  };
  const pick = (from: string[], i: number) => (i === 0 ? "" : from[Math.floor(random() * from.length)]!);
  const column = (make: (i: number) => number) => Float64Array.from({ length: rows }, (_, i) => make(i));
  return [
    { name: "value", type: "number", values: column(number) },
    { name: "tenure", type: "number", values: column(number) },
    { name: "unused", type: "number", values: column(number) },
    {
      name: "city",
      type: "category",
      values: Array.from({ length: rows }, (_, i) => pick([...cities, "", "nowhere"], i)),
    },
    {
      name: "plan: type.v-2",
      type: "category",
      values: Array.from({ length: rows }, (_, i) => pick(["basic", "pro", "", "old"], i)),
    },
  ];
}
const splits = [0.1, 1 / 3, -2.7, 1e-8, 0, 16777217];

function forest(seed: number, groups: number, trees: number, link: "logistic" | "softmax" | "identity"): Estimator {
  const random = seededRandom(seed);
  const threshold = () => Math.fround(splits[Math.floor(random() * splits.length)]!);
  return {
    kind: "trees",
    family: "xgboost",
    trees: Array.from({ length: trees }, () => randomTree(random, 5, encoding.length, threshold)),
    group: Array.from({ length: trees }, (_, i) => i % groups),
    base: Array.from({ length: groups }, (_, k) => k * 0.25 - 0.1),
    link,
  };
}
function linear(seed: number, outputs: number, link: "logistic" | "softmax" | "identity"): Estimator {
  const random = seededRandom(seed);
  const row = () => linearEncoding.map(() => normal(random));
  return {
    kind: "linear",
    coefficients: Array.from({ length: outputs }, row),
    intercept: Array.from({ length: outputs }, () => normal(random)),
    link,
  };
}
/** A linear model and trees, each with columns of its own: the linear one's stand first in the design matrix. */
function ensemble(seed: number, outputs: number, link: "logistic" | "softmax" | "identity"): Estimator {
  const parts = [linear(seed, outputs, link), forest(seed + 1, outputs, 40, link), forest(seed + 2, outputs, 20, link)];
  const widths = [linearEncoding.length, encoding.length, encoding.length];
  const members = parts.map((estimator, i): Member => {
    if (estimator.kind === "constant" || estimator.kind === "ensemble") throw new Error("a member expected");
    const first = widths.slice(0, i).reduce((sum, width) => sum + width, 0);
    return { weight: [0.4, 1.3, 0.25][i]!, first, count: widths[i]!, estimator };
  });
  return { kind: "ensemble", members, link };
}
const ensembleEncoding = [...linearEncoding, ...encoding, ...encoding];
type Shape = { task: FittedModel["task"]; estimator: Estimator; calibration?: Calibration };
function fitted({ task, estimator, calibration = { kind: "none" } }: Shape): FittedModel {
  const classes = task === "regression" ? [] : task === "binary" ? ["no", "yes"] : ["a", "b", "c"];
  const own =
    estimator.kind === "ensemble" ? ensembleEncoding : estimator.kind === "linear" ? linearEncoding : encoding;
  return { task, classes, inputs, encoding: own, estimator, calibration, threshold: task === "binary" ? 0.31 : null };
}

async function expectParity(model: FittedModel, rows = 2000, columns = rowsFor(rows, 11)) {
  const bytes = compile(model);
  const open = await openModel(bytes, { expectedSha256: sha256(bytes) });
  const output = await open.run(columns, rows);
  await open.close();
  const wanted = referenceScores(model, columns, rows);
  let worst = 0;
  let flips = 0;
  const compare = (a: number, b: number) => {
    if (Number.isNaN(b)) throw new Error("the reference gives NaN");
    worst = Math.max(worst, Math.abs(a - b) / Math.max(1, Math.abs(b)));
    if (Number.isNaN(a)) worst = Number.POSITIVE_INFINITY;
  };
  for (const [i, row] of wanted.entries()) {
    for (const [k, margin] of row.margins.entries()) compare(output.margins[i * row.margins.length + k]!, margin);
    if (output.kind === "values") {
      compare(output.values[i]!, row.margins[0]!);
      continue;
    }
    for (const [k, p] of row.probabilities.entries()) compare(output.probabilities[i * output.classes + k]!, p);
    const sorted = [...row.probabilities].sort((a, b) => b - a);
    const gap = model.task === "binary" ? Math.abs(row.probabilities[1]! - model.threshold!) : sorted[0]! - sorted[1]!;
    if (gap > 1e-6 && output.labels[i] !== row.label) flips++;
  }
  expect(worst).toBeLessThanOrEqual(1e-5);
  expect(flips).toBe(0);
  return output;
}

const cases: Record<string, Shape> = {
  "boosted trees, binary": { task: "binary", estimator: forest(1, 1, 60, "logistic") },
  "boosted trees, binary, calibrated": {
    task: "binary",
    estimator: forest(2, 1, 60, "logistic"),
    calibration: { kind: "platt", slope: 1.3, intercept: -0.4 },
  },
  "boosted trees, three classes": { task: "multiclass", estimator: forest(3, 3, 60, "softmax") },
  "boosted trees, three classes, calibrated": {
    task: "multiclass",
    estimator: forest(4, 3, 60, "softmax"),
    calibration: { kind: "temperature", temperature: 1.7 },
  },
  "boosted trees, regression": { task: "regression", estimator: forest(5, 1, 60, "identity") },
  "a forest whose leaves are probabilities": { task: "binary", estimator: forest(6, 1, 40, "identity") },
  "one root without a split among trees": {
    task: "binary",
    estimator: withStump(forest(7, 1, 3, "logistic")),
  },
  "logistic regression": { task: "binary", estimator: linear(8, 1, "logistic") },
  "logistic regression, calibrated": {
    task: "binary",
    estimator: linear(9, 1, "logistic"),
    calibration: { kind: "platt", slope: 0.8, intercept: 0.1 },
  },
  "softmax regression": { task: "multiclass", estimator: linear(10, 3, "softmax") },
  "ridge regression": { task: "regression", estimator: linear(12, 1, "identity") },
  "an ensemble, binary, calibrated": {
    task: "binary",
    estimator: ensemble(15, 1, "logistic"),
    calibration: { kind: "platt", slope: 1.2, intercept: 0.3 },
  },
  "an ensemble, three classes": { task: "multiclass", estimator: ensemble(18, 3, "softmax") },
  "an ensemble, regression": { task: "regression", estimator: ensemble(21, 1, "identity") },
  "class shares": { task: "binary", estimator: { kind: "constant", output: [0.73, 0.27] } },
  "class shares of three": { task: "multiclass", estimator: { kind: "constant", output: [0.2, 0.5, 0.3] } },
  "the mean": { task: "regression", estimator: { kind: "constant", output: [42.5] } },
};
describe("the compiled graph says what the model's definition says", () => {
  for (const [name, shape] of Object.entries(cases)) test(name, async () => void (await expectParity(fitted(shape))));
});

test("agrees with the plain scorer that training and evaluation use", async () => {
  const rows = 500;
  const columns = rowsFor(rows, 21);
  for (const shape of Object.values(cases).filter(({ task, estimator }) => usualLink(task, estimator))) {
    const model = fitted(shape);
    const bytes = compile(model);
    const open = await openModel(bytes, { expectedSha256: sha256(bytes) });
    const output = await open.run(columns);
    await open.close();
    const scored = predictFitted(model, columns);
    const wanted = scored.values ? [scored.values] : scored.probabilities;
    const got = output.kind === "values" ? output.values : output.probabilities;
    for (let i = 0; i < rows; i++) {
      wanted.forEach((column, k) => void expect(Math.abs(got[i * wanted.length + k]! - column[i]!)).toBeLessThan(1e-5));
    }
  }
});

test("a value goes left only below the float32 threshold", async () => {
  const stump = {
    feature: [0, 0, 0],
    threshold: [0.1, 0, 0],
    left: [1, -1, -1],
    right: [2, -1, -1],
    missingLeft: [true, false, false],
    value: [0, 1, 2],
  };
  const model: FittedModel = {
    ...fitted({
      task: "regression",
      estimator: { kind: "trees", family: "xgboost", trees: [stump], group: [0], base: [0], link: "identity" },
    }),
    inputs: [{ name: "x", type: "number" }],
    encoding: [{ op: "number", input: 0, impute: null, mean: 0, scale: 1 }],
  };
  const single = Math.fround(0.1);
  const values = Float64Array.from([0.1, single, single - 1e-12, single - 1e-8, Number.NaN, Number.NEGATIVE_INFINITY]);
  const bytes = compile(model);
  const open = await openModel(bytes, { expectedSha256: sha256(bytes) });
  const output = await open.run([{ name: "x", type: "number", values }]);
  expect(output.kind === "values" && [...output.values]).toEqual([2, 2, 2, 1, 1, 1]);
  await open.close();
});

test("a row with everything missing gets an answer, also in a model of categories only", async () => {
  const model: FittedModel = {
    ...fitted({
      task: "regression",
      estimator: { kind: "linear", coefficients: [[2, 3]], intercept: [1], link: "identity" },
    }),
    inputs: [{ name: "city", type: "category" }],
    encoding: [
      { op: "target", input: 0, values: {}, prior: 0.25 },
      { op: "missing", input: 0 },
    ],
  };
  await expectParity(model, 2, [{ name: "city", type: "category", values: ["", "Bern"] }]);
});

test("a baseline without any input counts its rows", async () => {
  const model = {
    ...fitted({ task: "binary", estimator: { kind: "constant", output: [0.9, 0.1] } }),
    inputs: [],
    encoding: [],
  };
  const output = await expectParity(model, 7, []);
  expect(output.rows).toBe(7);
});

test("trees without a split need no columns", async () => {
  const estimator = forest(13, 1, 0, "logistic");
  await expectParity({ ...fitted({ task: "binary", estimator }), encoding: [] }, 5);
});

test("the same model gives the same bytes", () => {
  const model = fitted({ task: "binary", estimator: forest(14, 1, 5, "logistic") });
  expect(sha256(compile(model))).toBe(sha256(compile(structuredClone(model))));
});

describe("a model whose parts don't fit is refused", () => {
  const base = fitted({ task: "binary", estimator: linear(8, 1, "logistic") });
  const wrong: Record<string, FittedModel> = {
    "a binary model without a threshold": { ...base, threshold: null },
    "a linear model that may get NaN": { ...base, encoding: encoding },
    "too few coefficients": {
      ...base,
      estimator: { kind: "linear", coefficients: [[1]], intercept: [0], link: "logistic" },
    },
    "one margin for three classes": { ...base, task: "multiclass", classes: ["a", "b", "c"] },
    "temperature on two classes": { ...base, calibration: { kind: "temperature", temperature: 2 } },
    "a number made from text": { ...base, encoding: [{ op: "number", input: 1, impute: 0, mean: 0, scale: 1 }] },
    "an ensemble of nobody": { ...base, estimator: { kind: "ensemble", members: [], link: "logistic" } },
    "an ensemble whose linear member may get NaN": {
      ...base,
      encoding: ensembleEncoding.toReversed(),
      estimator: ensemble(15, 1, "logistic"),
    },
    "a column from nowhere": { ...base, encoding: [{ op: "missing", input: 9 }] },
    "two inputs of one name": { ...base, inputs: [...inputs, inputs[0]!] },
  };
  for (const [name, model] of Object.entries(wrong)) {
    test(name, () => expect(() => compile(model)).toThrow(expect.objectContaining({ code: "invalid_input" })));
  }
});

function withStump(estimator: Estimator): Estimator {
  if (estimator.kind !== "trees") throw new Error("trees expected");
  const stump = { feature: [0], threshold: [0], left: [-1], right: [-1], missingLeft: [false], value: [0.125] };
  return { ...estimator, trees: [stump, ...estimator.trees, stump], group: [0, ...estimator.group, 0] };
}

/** The plain scorer takes a classifier's margins as logits, whatever link it names. */
function usualLink(task: FittedModel["task"], estimator: Estimator): boolean {
  return task === "regression" || estimator.kind === "constant" || estimator.link !== "identity";
}
