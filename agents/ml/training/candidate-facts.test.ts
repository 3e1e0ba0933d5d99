import { expect, test } from "vitest";
import { candidateOf, factOf, workOf } from "./candidate-facts.ts";
import { selectCandidates } from "./select-candidates.ts";

const shape = { rows: 1000, columns: 10, folds: 5, threads: 2 };
const proposed = selectCandidates({
  ...{ task: "binary", rows: 1000, numbers: 4, categories: 2, classes: 2, minority: 300, folds: 5 },
});

test("a candidate comes back from its fact as it went in", () => {
  for (const candidate of proposed) {
    const { work: _, ...wanted } = candidate;
    expect(candidateOf(factOf(candidate), shape)).toMatchObject(wanted);
  }
});

test("one that lacks a parameter is refused by its name", () => {
  const { maxDepth: _, ...parameters } = factOf(
    proposed.find(({ params }) => params.algorithm === "xgboost")!,
  ).parameters;
  const fact = { id: "cut", algorithm: "xgboost" as const, parameters, reason: "" };
  expect(() => candidateOf(fact, shape)).toThrow(/candidate cut lacks/);
});

test("work counts rounds of boosting, trees of a forest and steps of a linear fit", () => {
  const rounds = (name: string) => {
    const { algorithm, parameters } = factOf(proposed.find((one) => one.name === name)!);
    return workOf(algorithm, parameters, shape).rounds;
  };
  expect(rounds("constant")).toBe(1);
  expect(rounds("linear")).toBe(8 * 12);
  expect(rounds("xgboost_shallow")).toBe(400);
  expect(rounds("random_forest")).toBe(100);
});
