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

test("few rows get shallower trees, many rows one forest of drawn rows, and more rows more work", () => {
  const depth = (rows: number) =>
    Math.max(
      ...selectCandidates({ ...shape, rows }).map(({ params }) =>
        params.algorithm === "xgboost" ? params.trees.maxDepth : 0,
      ),
    );
  expect(depth(1000)).toBeLessThan(depth(7000));
  const forests = (rows: number) =>
    selectCandidates({ ...shape, rows }).flatMap(({ params }) =>
      params.algorithm === "random_forest" ? [params.trees] : [],
    );
  expect(forests(7000)).toHaveLength(2);
  expect(forests(1e6)).toMatchObject([{ subsample: 0.1 }]);
  const work = (rows: number) => selectCandidates({ ...shape, rows }).find(({ name }) => name === "linear")!.work;
  expect(work(20_000) / work(10_000)).toBe(2);
});

test("where neighbours tell much the deep forest goes first, where they tell little the smooth one", () => {
  const first = (signal?: number) =>
    selectCandidates({ ...shape, ...(signal !== undefined && { signal }) }).find(
      ({ params }) => params.algorithm === "random_forest",
    )!;
  expect(first(0.8).name).toBe("random_forest");
  expect(first(0.1).name).toBe("random_forest_smooth");
  expect(first(0.1).why).toContain("tell little");
  expect(first().why).not.toContain("tell little");
});

test("a rare class is named with its share", () => {
  const why = selectCandidates({ ...shape, minority: 28 }).map((one) => one.why);
  expect(why.some((text) => text.includes("0.4 % of the rows"))).toBe(true);
});
