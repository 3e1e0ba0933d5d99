import type { Candidate } from "@muster/shared/domain/model.ts";
import { expect, it } from "vitest";
import { worksOf } from "./works-of.ts";

const candidate = (algorithm: Candidate["algorithm"], parameters: Candidate["parameters"]): Candidate => ({
  ...{ id: algorithm, algorithm, parameters, reason: "" },
});
const rounds = (one: Candidate) =>
  worksOf({ candidates: [one], rows: 10, columns: 3, folds: 5, validation: "" }, 2)[0]!.rounds;

it("counts boosting by its rounds, a forest by its trees, a linear model by its steps", () => {
  expect(rounds(candidate("xgboost", { rounds: 400, parallelTrees: 1 }))).toBe(400);
  expect(rounds(candidate("random_forest", { rounds: 1, parallelTrees: 100 }))).toBe(100);
  expect(rounds(candidate("linear", { penalties: "1,0.1", iterations: 24 }))).toBe(24);
  expect(rounds(candidate("constant", {}))).toBe(1);
});

it("carries rows, columns, folds and threads, at least one of each, and what the work depends on beside them", () => {
  const data = { task: "binary", classes: 2, rarest: 0.2, indicators: 0, passes: 2 } as const;
  const shape = { rows: 0, columns: 0, folds: 3, validation: "", data };
  expect(worksOf({ candidates: [candidate("xgboost", { rounds: 9, maxDepth: 3 })], ...shape }, 2)).toEqual([
    {
      ...{ algorithm: "xgboost", rows: 1, columns: 1, rounds: 9, folds: 3, threads: 2, data },
      parameters: { rounds: 9, maxDepth: 3 },
    },
  ]);
});
