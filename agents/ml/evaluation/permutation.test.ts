import { normal, seededRandom } from "@muster/shared/random.ts";
import { expect, test } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { permutationImportance } from "./permutation.ts";

const rows = 4000;
const random = seededRandom(2);
const drawn = () => Float64Array.from({ length: rows }, () => normal(random));
const columns: FeatureColumn[] = ["unused", "weak", "strong"].map((name) => ({
  name,
  type: "number",
  values: drawn(),
}));
const number = (name: string, from: FeatureColumn[]) =>
  from.find((column) => column.name === name)!.values as Float64Array;
const label = number("strong", columns).map((x, row) => 2 * x + 0.5 * number("weak", columns)[row]!);
/** The mean squared error of the model 2 · strong + 0.5 · weak. */
const error = async (from: FeatureColumn[]) =>
  number("strong", from).reduce(
    (sum, x, row) => sum + (2 * x + 0.5 * number("weak", from)[row]! - label[row]!) ** 2,
    0,
  ) / rows;

test("a linear model's squared error grows by 2 · coefficient² for each feature of variance 1 (Fisher et al. 2019), by nothing for one it doesn't read", async () => {
  const found = await permutationImportance({
    columns,
    rows,
    metric: error,
    sign: -1,
    repeats: 5,
    random: seededRandom(7),
  });
  expect(found.map(({ name }) => name)).toEqual(["strong", "weak", "unused"]);
  // Tolerance: 4000 rows, five repeats.
  expect(found[0]!.drop).toBeGreaterThan(8 * 0.93);
  expect(found[0]!.drop).toBeLessThan(8 * 1.07);
  expect(found[1]!.drop).toBeCloseTo(0.5, 1);
  expect(found[2]).toEqual({ name: "unused", drop: 0, se: 0 });
  expect(found[0]!.se).toBeGreaterThan(0);
});

test("is the same for the same seed and leaves the columns as they were", async () => {
  const before = Float64Array.from(number("strong", columns));
  const once = () =>
    permutationImportance({ columns, rows, metric: error, sign: -1, repeats: 2, random: seededRandom(1) });
  expect(await once()).toEqual(await once());
  expect(number("strong", columns)).toEqual(before);
});
