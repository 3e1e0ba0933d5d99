import { normal, seededRandom } from "@muster/shared/random.ts";
import { expect, test } from "vitest";
import type { Labels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import { neighbourSignal } from "./neighbours.ts";

const rows = 400;
const numbers = (name: string, values: number[]): FeatureColumn => ({
  name,
  type: "number",
  values: Float64Array.from(values),
});

function world(noise: number, seed = 1) {
  const random = seededRandom(seed);
  const x = Array.from({ length: rows }, () => normal(random));
  const category = Array.from({ length: rows }, () => (random() < 0.5 ? "a" : "b"));
  const score = x.map((value, i) => value + (category[i] === "a" ? 1 : -1) + noise * normal(random));
  return { columns: [numbers("x", x), { name: "c", type: "category" as const, values: category }], score };
}
const binary = (score: number[]): Labels => ({
  task: "binary",
  classes: ["no", "yes"],
  values: Float64Array.from(score, (value) => Number(value > 0)),
});
const amounts = (score: number[]): Labels => ({ task: "regression", classes: [], values: Float64Array.from(score) });

test("falls from nearly all to nearly nothing as the noise of the label grows", () => {
  for (const labelled of [binary, amounts]) {
    const signal = [0, 1, 20].map((noise) => {
      const { columns, score } = world(noise);
      return neighbourSignal(columns, labelled(score));
    });
    expect(signal[0]).toBeGreaterThan(0.9);
    expect(signal[1]).toBeLessThan(signal[0]! - 0.1);
    expect(signal[2]).toBeLessThan(0.25);
  }
});

test("equals R² of the ten nearest rows by hand where one column alone says how near they are", () => {
  // Rows 0..29 on a line with label 1 for the first ten: neighbours of a row are those with the nearest ranks.
  const values = Array.from({ length: 30 }, (_, i) => i);
  const labels = amounts(values.map((v) => Number(v < 10)));
  const told = values.map((v) => {
    const near = values
      .filter((other) => other !== v)
      .toSorted((a, b) => Math.abs(a - v) - Math.abs(b - v) || a - b)
      .slice(0, 10);
    return near.filter((other) => other < 10).length / 10;
  });
  const mean = 1 / 3;
  const left = values.reduce((sum, v) => sum + (Number(v < 10) - told[v]!) ** 2, 0);
  const all = values.reduce((sum, v) => sum + (Number(v < 10) - mean) ** 2, 0);
  expect(neighbourSignal([numbers("v", values)], labels)).toBeCloseTo(1 - left / all, 12);
});

test("asks nothing of too few rows, of one class, of no column; a missing value is near another missing one", () => {
  const { columns, score } = world(0);
  expect(neighbourSignal([], binary(score))).toBe(0);
  expect(neighbourSignal(columns, { ...binary(score), values: new Float64Array(rows) })).toBe(0);
  expect(neighbourSignal([numbers("x", [1, 2, 3])], binary([1, -1, 1]))).toBe(0);
  const gaps = Array.from({ length: rows }, (_, i) => (i % 2 ? Number.NaN : i));
  expect(neighbourSignal([numbers("gap", gaps)], binary(gaps.map((v) => (Number.isNaN(v) ? 1 : -1))))).toBe(1);
});
