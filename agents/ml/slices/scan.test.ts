import { describe, expect, test } from "vitest";
import { codeColumn, conditionOf } from "./code-column.ts";
import { likelihoodRatio, scanColumn } from "./scan.ts";
import { simplestIn } from "./simplest.ts";

const all = (rows: number) => new Uint8Array(rows).fill(1);
const every = (rows: number) => Int32Array.from({ length: rows }, (_, i) => i);

test("the likelihood ratio is Kulldorff's", () => {
  // Python: e·ln((e/x)/(E/X)) + (E − e)·ln(((E − e)/(X − x))/(E/X)) at e, x, E, X = 30, 12.5, 100, 80 and 100, 12.5, 100, 80.
  expect(likelihoodRatio(30, 12.5, { errors: 100, expected: 80 })).toBeCloseTo(6.495442081157259, 10);
  expect(likelihoodRatio(100, 12.5, { errors: 100, expected: 80 })).toBeCloseTo(185.62979903656262, 9);
  expect(likelihoodRatio(10, 12.5, { errors: 100, expected: 80 })).toBe(0);
});

describe("a column", () => {
  const rows = 1000;
  const field = (happened: Uint8Array) => {
    const errors = happened.reduce((sum, one) => sum + one, 0);
    return {
      rows: every(rows),
      happened,
      weight: new Float64Array(rows).fill(errors / rows),
      errors,
      expected: errors,
    };
  };
  const least = { rows: 20, errors: 10 };

  test("of numbers is scanned for the range that holds the errors, between values that were seen", () => {
    const values = Float64Array.from({ length: rows }, (_, i) => (i * 37) % rows);
    const happened = Uint8Array.from(values, (x) => Number(x >= 300 && x < 400));
    const column = codeColumn({ name: "x", type: "number", values }, "feature", {
      discovery: all(rows),
      wrong: happened,
    });
    const [best] = scanColumn(column, field(happened), every(rows), least, 3);
    expect(best!.errors).toBe(100);
    const { low, high } = conditionOf(column, best!.codes) as { low: number; high: number };
    // An edge stands at every 32nd part of all rows: never further than that from the truth.
    expect([300 - low, high - 400].every((off) => off >= 0 && off < rows / 32)).toBe(true);
  });

  test("of categories gives the worst values together, and never one that fewer than 20 rows have", () => {
    const values = Array.from({ length: rows }, (_, i) => (i < 15 ? "rare" : ["a", "b", "c", "d"][i % 4]!));
    const happened = Uint8Array.from(values, (value, i) =>
      Number(value === "rare" || (/[bd]/.test(value) && i % 3 > 0)),
    );
    const column = codeColumn({ name: "k", type: "category", values }, "column", {
      discovery: all(rows),
      wrong: happened,
    });
    const [best] = scanColumn(column, field(happened), every(rows), least, 3);
    expect(conditionOf(column, best!.codes)).toEqual({ op: "in", column: "k", from: "column", values: ["b", "d"] });
    expect(column.type === "category" && column.values).not.toContain("rare");
  });

  test("says that a value is missing", () => {
    const values = Float64Array.from({ length: rows }, (_, i) => (i % 10 === 0 ? Number.NaN : i));
    const happened = Uint8Array.from(values, (x) => Number(Number.isNaN(x)));
    const column = codeColumn({ name: "x", type: "number", values }, "probe", {
      discovery: all(rows),
      wrong: happened,
    });
    const [best] = scanColumn(column, field(happened), every(rows), least, 3);
    expect(conditionOf(column, best!.codes)).toEqual({ op: "missing", column: "x", from: "probe" });
  });

  test("has no edge with fewer than 20 rows beyond it, and takes its edges from the searched rows alone", () => {
    const values = Float64Array.from({ length: rows }, (_, i) => (i < 500 ? i : 10_000 + i));
    const discovery = Uint8Array.from({ length: rows }, (_, i) => Number(i < 500));
    const wrong = Uint8Array.from({ length: rows }, (_, i) => Number(i < 5 || i > 495));
    const column = codeColumn({ name: "x", type: "number", values }, "feature", { discovery, wrong });
    const edges = column.type === "number" ? Array.from(column.edges) : [];
    expect(edges.length).toBeGreaterThan(10);
    expect(edges.filter((edge) => edge < 20 || edge > 480)).toEqual([]);
  });
});

test("an edge is called by the shortest number between two values", () => {
  expect(simplestIn(4.97, 5.03)).toBe(5);
  expect(simplestIn(17.2, 18.9)).toBe(18);
  expect(simplestIn(-3, 0.4)).toBe(0);
  expect(simplestIn(-0.0139, -0.0121)).toBe(-0.013);
  expect(simplestIn(0.1, 0.1000001)).toBe(0.1000001);
  expect(simplestIn(1e300, 2e300)).toBe(2e300);
});
