import { expect, test } from "vitest";
import { compareInside } from "./confirm.ts";

const rows = Int32Array.from({ length: 60 }, (_, i) => i);
const fives = rows.map((i) => Math.floor(i / 5));
const inside = Uint8Array.from(rows, (i) => Number(fives[i]! % 2 === 0 && i % 5 < 3));
const wrong = Uint8Array.from(rows, (i) => Number(inside[i] === 1 ? (i * 7) % 11 < 6 : (i * 7) % 13 < 2));

test("a difference over whole clusters has the error, interval and p-value of statsmodels' cluster-robust regression", () => {
  // statsmodels 0.15 OLS(e ~ s), cov_type="cluster" without its own correction, variance × G/(G − 1), t with 5 degrees (SciPy 1.17).
  const found = compareInside(rows, inside, wrong, fives)!;
  expect(found.inside).toBeCloseTo(2 / 3, 12);
  expect(found.outside).toBeCloseTo(1 / 7, 12);
  expect(found.low).toBeCloseTo(0.38531190634285617, 9);
  expect(found.high).toBeCloseTo(0.662307141276192, 9);
  expect(found.pValue / 0.0001956503416232454).toBeCloseTo(1, 6);
});

test("over single rows the more doubtful of the two tests counts", () => {
  // statsmodels: HC0 with n/(n − 1) and t with 17 degrees gives 5.956e-4, the pooled z-test of proportions 4.96e-5.
  expect(compareInside(rows, inside, wrong, rows)!.pValue / 0.0005956093543275023).toBeCloseTo(1, 6);
});

test("nothing is said from fewer than five clusters, or where one side is empty", () => {
  const four = rows.filter((i) => i < 40);
  expect(compareInside(four, inside, wrong, fives)).toBeNull();
  expect(compareInside(rows, new Uint8Array(60), wrong, fives)).toBeNull();
});

test("where nothing varies on either side, p is that of all clusters falling on one side", () => {
  expect(compareInside(rows, inside, inside, fives)!.pValue).toBe(2 ** -5);
});
