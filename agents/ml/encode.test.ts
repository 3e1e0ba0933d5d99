import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { type Encoding, encode, encodeDesign } from "./encode.ts";
import { fitDesign, fitEncoding, fitTreeMatrix } from "./encode-fit.ts";
import { type Labels, labelsFromNames } from "./labels.ts";
import type { FeatureColumn } from "./matrix.ts";

const number = (name: string, values: number[]): FeatureColumn => ({
  name,
  type: "number",
  values: Float64Array.from(values),
});
const category = (name: string, values: string[]): FeatureColumn => ({ name, type: "category", values });
const binary = (values: number[]): Labels => ({
  task: "binary",
  classes: ["no", "yes"],
  values: Float64Array.from(values),
});

describe("an encoding", () => {
  test("computes each kind of column; unseen and missing get the prior, zeros or NaN", () => {
    const model: Encoding = {
      inputs: [
        { name: "x", type: "number" },
        { name: "c", type: "category" },
      ],
      encoding: [
        { op: "number", input: 0, impute: 4, mean: 2, scale: 2 },
        { op: "number", input: 0, impute: null, mean: 0, scale: 1 },
        { op: "missing", input: 0 },
        { op: "one_hot", input: 1, category: "a" },
        { op: "target", input: 1, values: { a: 0.9, constructor: 0.1 }, prior: 0.5 },
        { op: "ordinal", input: 1, categories: ["b", "a"] },
        { op: "missing", input: 1 },
      ],
    };
    const columns = [category("c", ["a", "unseen", "", "constructor"]), number("x", [3, Number.NaN, 0, 1])];
    const rows = Array.from({ length: 4 }, (_, i) =>
      Array.from(encodeDesign(model, columns).values.slice(i * 7, i * 7 + 7)),
    );
    expect(rows).toEqual([
      [0.5, 3, 0, 1, 0.9, 1, 0],
      [1, Number.NaN, 1, 0, 0.5, Number.NaN, 0],
      [-1, 0, 0, 0, 0.5, Number.NaN, 1],
      [-0.5, 1, 0, 0, 0.1, Number.NaN, 0],
    ]);
  });

  test("refuses a column that is missing or of another type", () => {
    const model: Encoding = { inputs: [{ name: "x", type: "number" }], encoding: [{ op: "missing", input: 0 }] };
    expect(() => encode(model, [number("y", [1])])).toThrow("column x is missing");
    expect(() => encode(model, [category("x", ["a"])])).toThrow("column x is to be a number");
  });
});

describe("fitting an encoding", () => {
  const labels = binary(Array.from({ length: 100 }, (_, i) => i % 2));

  test("standardises numbers for linear models and leaves them raw, with their NaN, for trees", () => {
    const columns = [number("x", [...Array.from({ length: 99 }, (_, i) => i), Number.NaN])];
    const { design } = fitDesign(columns, labels, seededRandom(1));
    const x = Array.from({ length: 100 }, (_, i) => design.values[i * 2]!);
    expect(x.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 9);
    expect(x.reduce((a, b) => a + b * b, 0) / 100).toBeCloseTo(1, 9);
    expect(design.values[99 * 2 + 1]).toBe(1);
    const { matrix } = fitTreeMatrix(columns, labels, seededRandom(1));
    expect([matrix.columns, matrix.values[98], matrix.values[99]]).toEqual([1, 98, Number.NaN]);
  });

  test("gives no column to a rare category and one to a pair", () => {
    const rare = Array.from({ length: 100 }, (_, i) =>
      i === 0 ? "once" : i % 3 === 0 ? "a" : i % 3 === 1 ? "b" : "c",
    );
    const { encoding } = fitEncoding([category("c", rare)], labels, "trees");
    expect(encoding.map((column) => column.op === "one_hot" && column.category).toSorted()).toEqual(["a", "b", "c"]);
    const pair = Array.from({ length: 100 }, (_, i) => (i < 30 ? "rarer" : "usual"));
    expect(fitEncoding([category("c", pair)], labels, "linear").encoding).toEqual([
      { op: "one_hot", input: 0, category: "rarer" },
    ]);
  });

  test("a target statistic doesn't let a row see its own label", () => {
    // Noise: 400 categories of 5 rows each. In-sample statistics would correlate with the label, out-of-fold ones can't.
    const random = seededRandom(3);
    const names = Array.from({ length: 2000 }, (_, i) => `c${i % 400}`);
    const noise = binary(names.map(() => (random() < 0.5 ? 1 : 0)));
    const { model, matrix } = fitTreeMatrix([category("c", names)], noise, random);
    expect(model.encoding[0]?.op).toBe("target");
    const gap = (values: Float32Array) => {
      const of = (label: number) => Array.from(values).filter((_, i) => noise.values[i] === label);
      const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
      return mean(of(1)) - mean(of(0));
    };
    expect(gap(encode(model, [category("c", names)]).values)).toBeGreaterThan(0.05);
    expect(gap(matrix.values)).toBeLessThan(0.01);
  });

  test("smooths towards the prior, and one statistic per class where there are more than two", () => {
    const names = Array.from({ length: 300 }, (_, i) => `c${i % 30}`);
    const three: Labels = {
      task: "multiclass",
      classes: ["a", "b", "c"],
      values: Float64Array.from(names, (_, i) => i % 3),
    };
    const { encoding } = fitEncoding([category("c", names)], three, "trees");
    const targets = encoding.filter((column) => column.op === "target");
    expect(targets.length).toBe(3);
    // Category c0 holds rows 0, 30, … : ten rows of class 0; (10 + 10 · 1/3) / 20.
    expect(targets[0]?.values.c0).toBeCloseTo(2 / 3, 12);
    expect(targets[0]?.prior).toBeCloseTo(1 / 3, 12);
  });
});

describe("labels", () => {
  test("the rarer class is positive unless one is named", () => {
    expect(labelsFromNames(["a", "a", "b"], "binary", null).classes).toEqual(["a", "b"]);
    expect(labelsFromNames(["a", "b", "b"], "binary", null).classes).toEqual(["b", "a"]);
    expect(labelsFromNames(["a", "b", "b"], "binary", "b").classes).toEqual(["a", "b"]);
  });

  test("one class, or three for a binary problem, can't serve", () => {
    expect(() => labelsFromNames(["a", "a"], "binary", null)).toThrow("one class only");
    expect(() => labelsFromNames(["a", "b", "c"], "binary", null)).toThrow("two classes");
    expect(() => labelsFromNames(["a", "b"], "binary", "c")).toThrow("positive class");
  });
});

test("standardising survives a column far from zero", () => {
  const random = seededRandom(9);
  const values = Array.from({ length: 500 }, () => 1e9 + normal(random));
  const { design } = fitDesign([number("x", values)], binary(values.map((_, i) => i % 2)), random);
  expect(Math.max(...design.values.map(Math.abs))).toBeLessThan(10);
});
