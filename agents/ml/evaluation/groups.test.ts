import { seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { expect, test } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { groupFigures } from "./groups.ts";

const random = seededRandom(3);
const rows = 2000;
const place = Array.from({ length: rows }, () => (random() < 0.04 ? "rare" : random() < 0.5 ? "north" : "south"));
const age = Float64Array.from({ length: rows }, () => (random() < 0.1 ? Number.NaN : random() * 80));
const probabilities = Float64Array.from({ length: rows }, () => random());
// In the south the scores say nothing.
const labels = probabilities.map((p, row) => Number(random() < (place[row] === "south" ? 0.5 : p)));
const columns: FeatureColumn[] = [
  { name: "place", type: "category", values: place },
  { name: "age", type: "number", values: age },
];
const scored = { task: "binary" as const, labels, probabilities };
const by = { metric: "roc_auc" as const, clusters: null, threshold: null, seed: 1 };

test("the worst groups come first, each with its metric and interval; one of few rows is left out", () => {
  const { asked, of, list } = groupFigures(scored, columns, { ...by, asked: null });
  expect({ asked, of }).toEqual({ asked: false, of: 6 });
  expect(list[0]).toMatchObject({ feature: "place", in: "south" });
  const south = Int32Array.from(place.keys()).filter((row) => place[row] === "south");
  const auc = rocAuc(
    Array.from(south, (row) => labels[row]!),
    Array.from(south, (row) => probabilities[row]!),
  );
  expect(list[0]!.metric!.value).toBeCloseTo(auc, 12);
  expect(list[0]!.metric!.high).toBeLessThan(list.at(-1)!.metric!.low);
  expect(JSON.stringify(list)).not.toContain("rare");
});

test("the features asked for come whole, numbers by quartiles, missing values in none", () => {
  const { list } = groupFigures(scored, columns, { ...by, asked: ["age"] });
  expect(list.map(({ feature }) => feature)).toEqual(["age", "age", "age", "age"]);
  const known = age.filter((value) => !Number.isNaN(value)).length;
  expect(list.reduce((sum, group) => sum + group.rows, 0)).toBe(known);
  for (const { from, to, rows: count, label } of list) {
    const own = Int32Array.from(age.keys()).filter(
      (row) => (from === null || age[row]! >= from) && (to === null || age[row]! < to) && !Number.isNaN(age[row]!),
    );
    expect(count).toBe(own.length);
    expect(label).toBeCloseTo(own.reduce((sum, row) => sum + labels[row]!, 0) / own.length, 12);
  }
});

test("a group of one class has rows and no metric; rows of one entity widen the interval", () => {
  const one = { ...scored, labels: labels.map((y, row) => (place[row] === "south" ? 0 : y)) };
  const { list } = groupFigures(one, columns, { ...by, asked: ["place"] });
  expect(list.find((group) => group.in === "south")!.metric).toBeNull();
  const width = (clusters: Int32Array | null) => {
    const north = groupFigures(scored, columns, { ...by, clusters, asked: ["place"] }).list.find(
      (group) => group.in === "north",
    )!;
    return north.metric!.high - north.metric!.low;
  };
  // Twenty entities only: drawn as a whole, they vary more than single rows.
  expect(width(Int32Array.from({ length: rows }, (_, row) => Math.floor(probabilities[row]! * 20)))).toBeGreaterThan(
    1.3 * width(null),
  );
});
