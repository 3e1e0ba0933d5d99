import { normal, seededRandom } from "@muster/shared/random.ts";
import { expect, test } from "vitest";
import type { Labels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import { auditColumns } from "./audit-columns.ts";

const rows = 1000;
const random = seededRandom(11);
const label = Float64Array.from({ length: rows }, () => (random() < 0.3 ? 1 : 0));
const binary: Labels = { task: "binary", classes: ["no", "yes"], values: label };
const number = (name: string, value: (row: number) => number): FeatureColumn => ({
  name,
  type: "number",
  values: Float64Array.from({ length: rows }, (_, row) => value(row)),
});
const category = (name: string, value: (row: number) => string): FeatureColumn => ({
  name,
  type: "category",
  values: Array.from({ length: rows }, (_, row) => value(row)),
});
const strong = Float64Array.from(label, (y) => y * 2 + normal(random));
const reasons = (columns: FeatureColumn[], labels = binary) =>
  Object.fromEntries(
    auditColumns(columns, labels, seededRandom(1)).dropped.map(({ column, reason }) => [column, reason]),
  );

test("drops constants, empty columns, ids and leaks, with the number, and keeps honest columns", () => {
  const columns = [
    number("same", () => 4),
    number("nothing", () => Number.NaN),
    number("almost nothing", (row) => (row < 8 ? row : Number.NaN)),
    category("code of the row", (row) => `r${row}`),
    number("running", (row) => 5000 + row * 1.0),
    number("customerID", (row) => ((row * 7919) % 1000) * 1e6),
    number("ended on", (row) => (label[row] === 1 ? row : Number.NaN)),
    category("outcome", (row) => (label[row] === 1 ? "left" : "stays")),
    number("strong", (row) => strong[row]!),
    number("amount", (row) => ((row * 7919) % 1000) * 1e6),
    category("city", (row) => `city ${row % 300}`),
    number("flag", (row) => (row % 10 === 0 ? 1 : Number.NaN)),
  ];
  const { kept, dropped } = auditColumns(columns, binary, seededRandom(1));
  expect(Object.fromEntries(dropped.map(({ column, reason }) => [column, reason]))).toEqual({
    same: "constant",
    nothing: "constant",
    "almost nothing": "nearly_empty",
    "code of the row": "id_like",
    running: "id_like",
    customerID: "id_like",
    "ended on": "leaking",
    outcome: "leaking",
  });
  expect(kept.map(({ name }) => name)).toEqual(["strong", "amount", "city", "flag"]);
  expect(dropped.find(({ column }) => column === "outcome")!.value).toBeGreaterThan(0.999);
  expect(dropped.find(({ column }) => column === "almost nothing")!.value).toBe(0.992);
});

test("what was judged to be known in time may tell the label however strongly", () => {
  const told = [number("rate", (row) => label[row]!), number("copy", (row) => label[row]!), number("same", () => 4)];
  const { kept, dropped } = auditColumns(told, binary, seededRandom(1), new Set(["rate", "same"]));
  expect(kept.map(({ name }) => name)).toEqual(["rate"]);
  expect(dropped.map(({ column, reason }) => [column, reason])).toEqual([
    ["copy", "leaking"],
    ["same", "constant"],
  ]);
});

test("a copy of a number label leaks, a strong relation doesn't", () => {
  const values = Float64Array.from({ length: rows }, () => normal(random) * 10);
  const labels: Labels = { task: "regression", classes: [], values };
  const copy = number("copy", (row) => values[row]! * 3 + 1);
  const related = number("related", (row) => values[row]! + normal(random) * 2);
  expect(reasons([copy, related], labels)).toEqual({ copy: "leaking" });
});

test("a column that gives one of three classes away leaks", () => {
  const values = Float64Array.from({ length: rows }, (_, row) => row % 3);
  const labels: Labels = { task: "multiclass", classes: ["a", "b", "c"], values };
  expect(reasons([category("gives c away", (row) => (row % 3 === 2 ? "x" : "y"))], labels)).toEqual({
    "gives c away": "leaking",
  });
});
