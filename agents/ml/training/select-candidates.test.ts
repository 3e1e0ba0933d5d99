import { expect, test } from "vitest";
import { selectCandidates, type TrainingShape } from "./select-candidates.ts";

const shape: TrainingShape = {
  task: "binary",
  rows: 7000,
  numbers: 4,
  categories: 16,
  classes: 2,
  minority: 1800,
  folds: 5,
};

test("the yardstick comes first, the linear model next, and each says why and what it costs", () => {
  const candidates = selectCandidates(shape);
  expect(candidates.slice(0, 2).map(({ name }) => name)).toEqual(["constant", "linear"]);
  expect(new Set(candidates.map(({ name }) => name)).size).toBe(candidates.length);
  expect(new Set(candidates.map(({ params }) => params.algorithm))).toEqual(
    new Set(["constant", "linear", "xgboost", "random_forest"]),
  );
  for (const { why, work } of candidates) {
    expect(why.length).toBeGreaterThan(10);
    expect(work).toBeGreaterThan(0);
  }
});

test("few rows get shallower trees, many rows no forest, and more rows more work", () => {
  const depth = (rows: number) =>
    Math.max(
      ...selectCandidates({ ...shape, rows }).map(({ params }) =>
        params.algorithm === "xgboost" ? params.trees.maxDepth : 0,
      ),
    );
  expect(depth(1000)).toBeLessThan(depth(7000));
  expect(selectCandidates({ ...shape, rows: 1e6 }).some(({ params }) => params.algorithm === "random_forest")).toBe(
    false,
  );
  const work = (rows: number) => selectCandidates({ ...shape, rows }).find(({ name }) => name === "linear")!.work;
  expect(work(20_000) / work(10_000)).toBe(2);
});
