import { expect, test } from "vitest";
import { groupsOf } from "./groups.ts";

const told = (...args: Parameters<typeof groupsOf>) => {
  const { names, of, bands } = groupsOf(...args);
  return { names, of: Array.from(of, (group) => names[group] ?? null), bands };
};
const none = (rows: number) => Array.from({ length: rows }, () => null);

test("texts are groups as they stand; a group too small to be told and a missing value are none", () => {
  const values = ["f", "m", "f", "x", null, "m"];
  expect(told(values, "text", none(6), 2)).toEqual({
    names: ["f", "m"],
    of: ["f", "m", "f", null, null, "m"],
    bands: false,
  });
});

test("few numbers are groups, ages are bands, other numbers quarters", () => {
  expect(told(["0", "1", "1", "0"], "integer", none(4), 1)).toMatchObject({ names: ["0", "1"], bands: false });
  const ages = ["18", "24", "25", "39", "40", "59", "60", "61", "70", "80", "90", "33"];
  const { of, names, bands } = told(ages, "integer", none(12), 1);
  expect(names).toEqual(["25 to 39", "40 to 59", "60 and over", "under 25"]);
  expect(of.slice(0, 7)).toEqual([
    "under 25",
    "under 25",
    "25 to 39",
    "25 to 39",
    "40 to 59",
    "40 to 59",
    "60 and over",
  ]);
  expect(bands).toBe(true);
  const numbers = Array.from({ length: 12 }, (_, i) => String(1000 * (i + 1)));
  expect(told(numbers, "number", none(12), 1).of.slice(0, 4)).toEqual([
    "up to 3750",
    "up to 3750",
    "up to 3750",
    "above 3750 up to 6500",
  ]);
});

test("a date is the age at the row's own moment; without a moment, or born after it, it is none", () => {
  const moment = Date.UTC(2025, 0, 1);
  const values = ["2000-01-02", "1999-12-31", "1964-06-01 10:00:00", "2030-01-01", "nonsense", "1990-01-01"];
  const moments = [moment, moment, moment, moment, moment, null];
  expect(told(values, "date", moments, 1)).toEqual({
    names: ["25 to 39", "60 and over", "under 25"],
    of: ["under 25", "25 to 39", "60 and over", null, null, null],
    bands: true,
  });
});
