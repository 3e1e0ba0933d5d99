import { describe, expect, test } from "vitest";
import type { Labels } from "../labels.ts";
import { planFolds } from "./fold-plan.ts";

const rows = 120;
const index = Array.from({ length: rows }, (_, i) => i);
const labels: Labels = {
  task: "binary",
  classes: ["no", "yes"],
  values: Float64Array.from(index, (i) => (i % 4 === 0 ? 1 : 0)),
};
const entity = index.map((i) => `e${i % 40}`);
const time = Float64Array.from(index, (i) => Math.floor(i / 20));

describe("folds", () => {
  test("are spread over classes where nothing repeats", () => {
    const plan = planFolds(labels, { entity: index.map(String), time: null }, 5, 1);
    expect(plan.kind).toBe("stratified");
    for (const { train, valid } of plan.splits) {
      expect(train.length + valid.length).toBe(rows);
      expect(valid.filter((row) => labels.values[row] === 1).length).toBe(6);
    }
  });

  test("keep an entity on one side, inside too", () => {
    const plan = planFolds(labels, { entity, time: null }, 5, 1);
    expect(plan.kind).toBe("grouped");
    for (const { train, valid } of plan.splits) {
      const apart = (a: Int32Array, b: Int32Array, of: (row: number) => number) => {
        const left = new Set(Array.from(a, (row) => entity[of(row)]));
        expect(Array.from(b).some((row) => left.has(entity[of(row)]))).toBe(false);
      };
      apart(train, valid, (row) => row);
      for (const inner of plan.inner(train, 4, 2)) apart(inner.train, inner.valid, (i) => train[i]!);
    }
  });

  test("go forward in time, inside too, even where entities repeat", () => {
    const plan = planFolds(labels, { entity, time }, 5, 1);
    expect(plan.kind).toBe("time");
    const latest = (list: Iterable<number>) => Math.max(...Array.from(list, (row) => time[row]!));
    const earliest = (list: Iterable<number>) => Math.min(...Array.from(list, (row) => time[row]!));
    for (const { train, valid } of plan.splits) {
      expect(latest(train)).toBeLessThan(earliest(valid));
      if (latest(train) === 0) continue;
      for (const inner of plan.inner(train, 8, 2)) {
        const rowsOf = (part: Int32Array) => Array.from(part, (i) => train[i]!);
        expect(latest(rowsOf(inner.train))).toBeLessThan(earliest(rowsOf(inner.valid)));
      }
    }
  });

  test("two cutoffs are too few to follow: entities are kept apart instead", () => {
    const two = Float64Array.from(index, (i) => i % 2);
    expect(planFolds(labels, { entity, time: two }, 5, 1).kind).toBe("grouped");
  });

  test("there are no more of them than rows of the rarest class; a class of one row is unfit", () => {
    const rare = (count: number): Labels => ({
      ...labels,
      values: Float64Array.from(index, (i) => (i < count ? 1 : 0)),
    });
    expect(planFolds(rare(3), { entity: null, time: null }, 5, 1).folds).toBe(3);
    expect(() => planFolds(rare(1), { entity: null, time: null }, 5, 1)).toThrow("single row");
  });
});
