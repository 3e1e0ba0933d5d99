import { expect, test } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { sliceRows } from "./slice-rows.ts";

const columns: FeatureColumn[] = [
  { name: "amount", type: "number", values: Float64Array.from([1, 5, Number.NaN, 4.9, -2]) },
  { name: "country", type: "category", values: ["DE", "FR", "DE", "", "FR"] },
];
const rows = (conditions: Parameters<typeof sliceRows>[0]["conditions"]) =>
  Array.from(sliceRows({ words: "", conditions }, columns, 5).rows ?? []);
const on = (column: string) => ({ column, from: "feature" as const });

test("the rows of a slice are those on which every condition holds: ranges without their upper end, no missing values", () => {
  expect(rows([{ op: "range", ...on("amount"), low: 1, high: 5 }])).toEqual([0, 3]);
  expect(rows([{ op: "range", ...on("amount"), low: null, high: 5 }])).toEqual([0, 3, 4]);
  expect(rows([{ op: "in", ...on("country"), values: ["FR"] }])).toEqual([1, 4]);
  expect(rows([{ op: "missing", ...on("amount") }])).toEqual([2]);
  expect(rows([{ op: "missing", ...on("country") }])).toEqual([3]);
  expect(
    rows([
      { op: "in", ...on("country"), values: ["FR", "DE"] },
      { op: "range", ...on("amount"), low: 0, high: null },
    ]),
  ).toEqual([0, 1]);
});

test("a column that isn't there is named", () => {
  const found = sliceRows({ words: "", conditions: [{ op: "missing", ...on("age") }] }, columns, 5);
  expect(found).toEqual({ rows: null, note: expect.stringContaining("age") });
});
