import { normal, seededRandom } from "@muster/shared/random.ts";
import { expect, test } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import type { Groups } from "./groups.ts";
import { proxiesOf } from "./proxy.ts";

const rows = 2000;
const random = seededRandom(11);
const of = Int32Array.from({ length: rows }, () => Number(random() < 0.4));
const groups: Groups = { names: ["f", "m"], of, bands: false };
const number = (name: string, value: (row: number) => number): FeatureColumn => ({
  ...{ name, type: "number" },
  values: Float64Array.from({ length: rows }, (_, row) => value(row)),
});
const noise = number("noise", () => normal(random));
// Two normals a standard deviation apart: AUC = Φ(1/√2) = 0.7602.
const shifted = number("shifted", (row) => normal(random) + of[row]!);
const district: FeatureColumn = {
  ...{ name: "district", type: "category" },
  // Right in 80 %: AUC = 0.8.
  values: Array.from({ length: rows }, (_, row) => (random() < 0.8 === (of[row] === 1) ? "south" : "north")),
};

test("tells how well features tell an attribute, together and alone, near the known areas", () => {
  const { together, alone } = proxiesOf([noise, shifted, district], groups, 7);
  expect(alone.map(({ features }) => features[0])).toEqual(["district", "shifted", "noise"]);
  expect(alone[0]!.rocAuc.value).toBeCloseTo(0.8, 1);
  expect(Math.abs(alone[1]!.rocAuc.value - 0.7602)).toBeLessThan(0.03);
  expect(alone[1]!.rocAuc.low).toBeLessThan(0.7602);
  expect(alone[1]!.rocAuc.high).toBeGreaterThan(0.7602);
  expect(together!.rocAuc.value).toBeGreaterThan(alone[0]!.rocAuc.value);
  expect(together!.features).toEqual(["noise", "shifted", "district"]);
});

test("noise tells nothing: the interval holds one half", () => {
  const { together } = proxiesOf([noise], groups, 7);
  expect(together!.rocAuc.low).toBeLessThan(0.53);
  expect(together!.rocAuc.value).toBeLessThan(0.55);
});

test("gives nothing without features, with one group, or with a side of a few rows; rows of no group are left out", () => {
  expect(proxiesOf([], groups, 7)).toEqual({ together: null, alone: [] });
  expect(proxiesOf([noise], { names: ["f"], of: new Int32Array(rows), bands: false }, 7).together).toBeNull();
  const rare = Int32Array.from({ length: rows }, (_, row) => Number(row < 5));
  expect(proxiesOf([shifted], { names: ["f", "m"], of: rare, bands: false }, 7).together).toBeNull();
  const half = of.map((group, row) => (row % 2 ? -1 : group));
  const empty = number("empty", () => Number.NaN);
  expect(proxiesOf([empty, shifted], { ...groups, of: half }, 7).together!.rocAuc.value).toBeGreaterThan(0.7);
});
