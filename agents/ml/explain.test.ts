import { describe, expect, it } from "vitest";
import { checkSums, columnMap, globalImportance, topReasons, typicalValues } from "./explain.ts";
import type { FittedModel } from "./fitted.ts";
import type { FeatureColumn } from "./matrix.ts";
import type { Contributions } from "./tree-shap.ts";

const model: FittedModel = {
  task: "binary",
  classes: ["no", "yes"],
  inputs: [
    { name: "plan", type: "category" },
    { name: "spend_per_month", type: "number" },
    { name: "months", type: "number" },
  ],
  encoding: [
    { op: "one_hot", input: 0, category: "gold" },
    { op: "one_hot", input: 0, category: "basic" },
    { op: "number", input: 1, impute: 0, mean: 0, scale: 1 },
    { op: "number", input: 2, impute: 0, mean: 0, scale: 1 },
  ],
  estimator: { kind: "constant", output: [0.5] },
  calibration: { kind: "none" },
  threshold: 0.5,
};
const map = columnMap(model, { spend_per_month: ["spend", "months"] });
const output: Contributions = {
  rows: 2,
  columns: 4,
  values: Float64Array.of(1, -0.5, 2, -1, -1, -1, 0, 3),
  bias: 0.25,
};
const features: FeatureColumn[] = [
  { name: "plan", type: "category", values: ["gold", ""] },
  { name: "spend_per_month", type: "number", values: Float64Array.of(12, 4) },
  { name: "months", type: "number", values: Float64Array.of(Number.NaN, 30) },
];

describe("global importance", () => {
  it("sums a row's parts before their size is taken, splits shared features, and adds to 1", () => {
    const { columns, features: byFeature } = globalImportance([output], map);
    // Per row: plan 0.5 and −2; spend_per_month 2 and 0, half each to spend and months; months −1 and 3 of its own.
    const total = 2.5 + 1 + (0 + 3);
    expect(columns).toEqual([
      { name: "months", importance: 3 / total },
      { name: "plan", importance: 2.5 / total },
      { name: "spend", importance: 1 / total },
    ]);
    expect(columns.reduce((sum, c) => sum + c.importance, 0)).toBeCloseTo(1, 12);
    expect(byFeature[0]).toEqual({ name: "months", importance: 4 / 8.5 });
  });
  it("doesn't depend on the order of the design columns", () => {
    const order = [3, 1, 0, 2];
    const moved = {
      ...output,
      values: Float64Array.from({ length: 8 }, (_, i) => output.values[i - (i % 4) + order[i % 4]!]!),
    };
    const featureOf = order.map((c) => map.featureOf[c]!);
    expect(globalImportance([moved], { ...map, featureOf })).toEqual(globalImportance([output], map));
  });
  it("is all 0 where nothing contributes", () => {
    const none = { ...output, values: new Float64Array(8) };
    expect(globalImportance([none], map).columns.map((c) => c.importance)).toEqual([0, 0, 0]);
  });
});

describe("reasons", () => {
  it("put the strongest first, with the row's value beside the typical one", () => {
    const typical = { plan: "basic", spend_per_month: 5, months: 14 };
    const [first, second] = topReasons(output, map, features, typical, 2);
    expect(first).toEqual([
      {
        feature: "spend_per_month",
        columns: ["spend", "months"],
        contribution: 2,
        relation: "associated with",
        direction: "higher",
        value: 12,
        typical: 5,
      },
      {
        feature: "months",
        columns: ["months"],
        contribution: -1,
        relation: "associated with",
        direction: "lower",
        value: null,
        typical: 14,
      },
    ]);
    expect(second!.map((r) => [r.feature, r.contribution, r.value])).toEqual([
      ["months", 3, 30],
      ["plan", -2, null],
    ]);
  });
  it("leave out what contributes nothing", () => {
    expect(topReasons(output, map, features, {}, 5)[1]!.map((r) => r.feature)).toEqual(["months", "plan"]);
  });
  it("take the median and the most frequent category as typical", () => {
    const rows: FeatureColumn[] = [
      { name: "n", type: "number", values: Float64Array.of(1, Number.NaN, 9, 3) },
      { name: "c", type: "category", values: ["", "b", "a", "b", ""] },
      { name: "empty", type: "category", values: ["", ""] },
    ];
    expect(typicalValues(rows)).toEqual({ n: 3, c: "b", empty: null });
  });
});

describe("the check of sums", () => {
  it("passes to 1e-4 and refuses beyond, NaN too", () => {
    expect(checkSums(output, [1.75, 1.25 + 5e-5])).toBeLessThan(1e-4);
    const broken = expect.objectContaining({ code: "internal" });
    expect(() => checkSums(output, [1.75, 1.26])).toThrow(broken);
    expect(() => checkSums(output, [Number.NaN, 1.25])).toThrow(broken);
  });
});
