import type { Profile } from "@muster/shared/domain/profile.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { expect, it } from "vitest";
import { findAnomalies } from "./anomalies.ts";

type Made = { rows?: number; nulls?: number; mean?: number; top?: [string, number][] };

/** A profile of a number and a category, as a scan would give it. */
function profile({
  rows = 1000,
  nulls = 20,
  mean = 50,
  top = [
    ["a", 600],
    ["b", 400],
  ],
}: Made): Profile {
  const column = {
    ...{ nulls: 0, nullShare: 0, uniqueShare: 0, constant: false, idLike: false, top: [] },
    ...{ number: null, text: null, time: null },
  };
  return {
    ...{ dataset: "t", version: "0".repeat(64), rows, duplicates: { rows: 0, share: 0 } },
    columns: [
      {
        ...{ ...column, name: "x", type: "number", nulls, nullShare: nulls / rows, distinct: 900 },
        number: { min: 0, max: 100, mean, sd: 10, skew: 0, zeros: 0, negatives: 0, quantiles: {} },
      },
      {
        ...column,
        name: "k",
        type: "text",
        distinct: top.length,
        top: top.map(([value, count]) => ({ value, count })),
      },
    ],
  };
}

/** Versions that differ as samples of one thing do. */
function steady(versions: number, seed: number): Profile[] {
  const random = seededRandom(seed);
  return Array.from({ length: versions }, () =>
    profile({
      rows: Math.round(1000 + 20 * normal(random)),
      nulls: Math.max(0, Math.round(20 + 4 * normal(random))),
      mean: 50 + 0.3 * normal(random),
    }),
  );
}

it("abstains while the history is short", () => {
  expect(findAnomalies(profile({}), steady(4, 1))).toBeNull();
});

it("raises hardly an alarm while nothing changes", () => {
  let alarms = 0;
  for (let seed = 0; seed < 200; seed++) {
    const [now, ...history] = steady(8, seed);
    if (findAnomalies(now!, history)!.anomalies.length > 0) alarms++;
  }
  expect(alarms).toBeLessThanOrEqual(10);
});

it.each<[string, Made, string | null, string]>([
  ["half of the rows", { rows: 400, nulls: 8 }, null, "rows"],
  ["missing values", { nulls: 300 }, "x", "share missing"],
  ["another unit", { mean: 50_000 }, "x", "mean"],
  ["a category that is gone", { top: [["a", 1000]] }, "k", "categories gone"],
  [
    "a new category",
    {
      top: [
        ["a", 500],
        ["b", 400],
        ["c", 100],
      ],
    },
    "k",
    "new categories",
  ],
])("finds %s", (_, made, column, measure) => {
  const found = findAnomalies(profile(made), steady(7, 3))!.anomalies;
  expect(found.map((one) => [one.column, one.measure])).toContainEqual([column, measure]);
});

it("leaves out columns that weren't there or had another type", () => {
  const history = steady(7, 4).map((one) => ({ ...one, columns: one.columns.slice(1) }));
  const found = findAnomalies(profile({ mean: 9e9 }), history)!.anomalies;
  expect(found.filter(({ column }) => column === "x")).toEqual([]);
});
