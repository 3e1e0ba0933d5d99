import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { correlationRatio, cramersV, pairMeasures } from "./associations.ts";
import { codedColumn } from "./cells/coded.ts";

const category = (name: string, cells: (string | null)[]) => codedColumn(name, "text", cells);
const number = (name: string, cells: number[]) => codedColumn(name, "number", cells.map(String));
const times = (n: number, value: string) => Array.from({ length: n }, () => value);

describe("Cramér's V", () => {
  it("is as computed by hand for a table of four cells", () => {
    const left = category("l", [...times(50, "a"), ...times(50, "b")]);
    const right = category("r", [...times(40, "p"), ...times(10, "q"), ...times(20, "p"), ...times(30, "q")]);
    // χ² = 100 · (40·30 − 10·20)² / (50 · 50 · 60 · 40) = 16.6667, φ² = 0.166667 − 1/99, both sizes 2 − 1/99.
    const expected = Math.sqrt((1_000_000 / 6_000_000 - 1 / 99) / (1 - 1 / 99));
    expect(cramersV(left, right)!.value).toBeCloseTo(expected, 12);
  });

  it("is 1 for the same, about 0 for chance with many categories, and nothing on few rows", () => {
    const random = seededRandom(1);
    const cells = (n: number) => Array.from({ length: 500 }, () => `v${Math.floor(random() * n)}`);
    const [a, b] = [category("a", cells(20)), category("b", cells(20))];
    expect(cramersV(a, a)!.value).toBeCloseTo(1, 12);
    expect(cramersV(a, b)!.value).toBeLessThan(0.1);
    expect(cramersV(category("a", ["x", "y"]), category("b", ["x", "y"]))).toBeNull();
  });
});

it("the correlation ratio is as in the textbook example of three subjects", () => {
  // https://en.wikipedia.org/wiki/Correlation_ratio: algebra, geometry, statistics; η² = 6780/9640. Twice over: 30 rows.
  const scores = { algebra: [45, 70, 29, 15, 21], geometry: [40, 20, 30, 42], statistics: [65, 95, 80, 70, 85, 73] };
  const pairs = Object.entries(scores).flatMap(([subject, list]) => list.map((score) => [subject, score] as const));
  const twice = [...pairs, ...pairs];
  const found = correlationRatio(
    category(
      "subject",
      twice.map(([subject]) => subject),
    ),
    Float64Array.from(twice, ([, score]) => score),
  );
  expect(found).toMatchObject({ rows: 30 });
  expect(found!.value ** 2).toBeCloseTo(6780 / 9640, 12);
});

it("measures every pair by its kind, over the rows that have both", () => {
  const random = seededRandom(2);
  const x = Array.from({ length: 200 }, () => normal(random));
  const found = pairMeasures({
    rows: 200,
    columns: [
      number("x", x),
      number(
        "cubed",
        x.map((one) => one ** 3),
      ),
      category(
        "sign",
        x.map((one, i) => (i < 50 ? null : one > 0 ? "plus" : "minus")),
      ),
      category("one", times(200, "same")),
    ],
  });
  expect(found.map(({ left, right, measure, rows }) => [left, right, measure, rows])).toEqual([
    ["x", "cubed", "pearson", 200],
    ["x", "cubed", "spearman", 200],
    ["x", "sign", "correlation_ratio", 150],
    ["cubed", "sign", "correlation_ratio", 150],
  ]);
  expect(found[1]!.value).toBeCloseTo(1, 12);
  expect(found[2]!.value).toBeCloseTo(Math.sqrt(2 / Math.PI), 1);
});
