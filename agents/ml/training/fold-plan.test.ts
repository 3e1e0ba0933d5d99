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

describe("folds forward in time, where labels are known later than their rows", () => {
  /** Six moments of 20 rows, 5 of them positive; a label is known so many moments after its row. */
  const after = (delay: number, folds = 5) =>
    planFolds(labels, { entity, time, known: time.map((own) => own + delay) }, folds, 1);
  const counts = ({ splits }: ReturnType<typeof after>) =>
    splits.map(({ train, valid }) => [
      valid.reduce((least, row) => Math.min(least, time[row]!), 9),
      train.length,
      valid.length,
    ]);

  test("train on what was known at the first moment that is scored, and begin where that is enough", () => {
    // With the next moment known nothing is purged.
    expect(counts(after(1))).toEqual([1, 2, 3, 4, 5].map((start) => [start, 20 * start, 20]));
    expect(after(1)).toMatchObject({
      purged: 0,
      why: "6 different times: trained on the past, scored on what follows",
    });
    // Two moments later: nothing is known at moment 1, and each fold lacks the moment before it.
    const two = after(2);
    expect(counts(two)).toEqual([2, 3, 4, 5].map((start) => [start, 20 * (start - 1), 20]));
    expect(two).toMatchObject({
      purged: 80,
      folds: 4,
      why: expect.stringContaining("; 80 earlier rows weren't trained on"),
    });
    // Of blocks of two moments the first fold trains on one of its two, the second on three of its four.
    expect(counts(after(2, 2))).toEqual([
      [2, 20, 40],
      [4, 60, 40],
    ]);
    expect(after(2, 2).purged).toBe(40);
    expect(counts(after(4))).toEqual([
      [4, 20, 20],
      [5, 40, 20],
    ]);
  });

  test("inside a training part too: what is chosen there knows no later label either", () => {
    const { inner, splits } = after(2);
    const { train } = splits.at(-1)!;
    const inside = inner(train, 3, 2);
    expect(inside.length).toBeGreaterThan(0);
    for (const { train: own, valid } of inside) {
      const start = valid.reduce((least, i) => Math.min(least, time[train[i]!]!), 9);
      for (const i of own) expect(time[train[i]!]! + 2).toBeLessThanOrEqual(start);
    }
    // Of two moments neither is known by the other: entities are kept apart.
    const early = Int32Array.from(index.slice(0, 40));
    for (const { train: own, valid } of inner(early, 2, 2)) {
      const trained = new Set(Array.from(own, (i) => entity[early[i]!]));
      expect(Array.from(valid).some((i) => trained.has(entity[early[i]!]))).toBe(false);
    }
  });

  test("a single moment that can be scored is dealt to two folds; none: whole entities, and that is said", () => {
    const one = after(5);
    expect(counts(one)).toEqual([
      [5, 20, 10],
      [5, 20, 10],
    ]);
    expect(new Set(one.splits.flatMap(({ valid }) => Array.from(valid))).size).toBe(20);
    expect(one).toMatchObject({
      kind: "time",
      folds: 2,
      purged: 80,
      why: expect.stringContaining("dealt to two folds"),
    });
    const none = after(6);
    expect(none.kind).toBe("grouped");
    expect(none.why).toMatch(/^6 different times, but by none of them .*: entities have several rows each/);
  });

  test("a class of which too few labels are known makes the first fold wait", () => {
    const late: Labels = { ...labels, values: labels.values.map((value, row) => (time[row]! < 2 ? 0 : value)) };
    const { splits } = planFolds(late, { entity, time, known: time.map((own) => own + 1) }, 5, 1);
    expect(splits[0]!.train.length).toBe(60);
  });
});
