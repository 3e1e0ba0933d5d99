import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { groupedFolds, stratifiedFolds, timeFolds } from "./folds.ts";

const tally = (folds: Int32Array, labels: ArrayLike<number>, k: number) => {
  const counts = Array.from({ length: k }, () => [0, 0]);
  folds.forEach((f, i) => {
    counts[f]![labels[i]!]! += 1;
  });
  return counts;
};

describe("stratified folds", () => {
  const labels = Array.from({ length: 103 }, (_, i) => Number(i % 7 === 0));
  it("spread every class and every size to within one row", () => {
    const counts = tally(stratifiedFolds(labels, 5, seededRandom(1)), labels, 5);
    for (const column of [0, 1]) {
      const values = counts.map((c) => c[column]!);
      expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(1);
    }
    const sizes = counts.map((c) => c[0]! + c[1]!);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });
  it("are the same for the same seed and others for another", () => {
    const of = (seed: number) => Array.from(stratifiedFolds(labels, 5, seededRandom(seed)));
    expect(of(3)).toEqual(of(3));
    expect(of(3)).not.toEqual(of(4));
  });
  it("refuse more folds than rows", () => {
    expect(() => stratifiedFolds([0, 1], 3, seededRandom(1))).toThrow(expect.objectContaining({ code: "unfit" }));
  });
});

describe("grouped folds", () => {
  const groups = Array.from({ length: 300 }, (_, i) => `g${Math.floor(Math.sqrt(i * 12))}`);
  const labels = groups.map((g) => Number(Number(g.slice(1)) % 4 === 0));
  it("keep a group on one side and the classes even", () => {
    const folds = groupedFolds(groups, labels, 5, seededRandom(2));
    const foldOf = new Map<string, number>();
    groups.forEach((g, i) => {
      expect(foldOf.get(g) ?? folds[i]).toBe(folds[i]);
      foldOf.set(g, folds[i]!);
    });
    const shares = tally(folds, labels, 5).map(([no, yes]) => yes! / (no! + yes!));
    const share = labels.reduce((a, b) => a + b) / labels.length;
    for (const s of shares) expect(Math.abs(s - share)).toBeLessThan(0.06);
  });
  it("even out the sizes where there are no classes", () => {
    const folds = groupedFolds(groups, null, 5, seededRandom(2));
    const sizes = [0, 0, 0, 0, 0];
    for (const f of folds) sizes[f]! += 1;
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(6);
  });
  it("refuse fewer groups than folds", () => {
    expect(() => groupedFolds(["a", "a", "b"], null, 3, seededRandom(1))).toThrow(
      expect.objectContaining({ code: "unfit" }),
    );
  });
});

describe("time folds", () => {
  it("train on the past only and never split one time", () => {
    const random = seededRandom(5);
    const times = Float64Array.from({ length: 500 }, () => Math.floor(random() ** 3 * 30));
    const folds = timeFolds(times, 4);
    expect(folds).toHaveLength(4);
    const validated = new Set<number>();
    for (const { train, valid } of folds) {
      const newest = Math.max(...Array.from(train, (i) => times[i]!));
      const oldest = Math.min(...Array.from(valid, (i) => times[i]!));
      expect(newest).toBeLessThan(oldest);
      for (const i of valid) {
        expect(validated.has(i)).toBe(false);
        validated.add(i);
      }
    }
    expect(folds[3]!.train.length + folds[3]!.valid.length).toBe(500);
  });
  it("cut evenly where times are distinct", () => {
    const folds = timeFolds(
      Float64Array.from({ length: 60 }, (_, i) => 59 - i),
      5,
    );
    expect(folds.map((f) => [f.train.length, f.valid.length])).toEqual([
      [10, 10],
      [20, 10],
      [30, 10],
      [40, 10],
      [50, 10],
    ]);
  });
  it("give every fold a block where few times are heavy", () => {
    const times = Float64Array.from([1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4]);
    expect(timeFolds(times, 3).map((f) => f.valid.length)).toEqual([1, 1, 1]);
    expect(() => timeFolds(times, 4)).toThrow(expect.objectContaining({ code: "unfit" }));
  });
});
