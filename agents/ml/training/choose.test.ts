import { expect, test } from "vitest";
import { chooseCandidate, type Ranked } from "./choose.ts";
import type { CandidateParams } from "./job.ts";
import { summarise } from "./metrics.ts";

const ranked = (name: CandidateParams["algorithm"], ...folds: number[]): Ranked => ({
  name,
  algorithm: name,
  cv: summarise(folds),
});
const constant = ranked("constant", 0.5, 0.5, 0.5);

test("the best mean is taken", () => {
  const choice = chooseCandidate(
    [constant, ranked("linear", 0.7, 0.72, 0.71), ranked("xgboost", 0.8, 0.82, 0.81)],
    "roc_auc",
  );
  expect(choice).toMatchObject({ name: "xgboost", beatsConstant: true });
});

test("less is better for an error", () => {
  const choice = chooseCandidate([ranked("linear", 3, 3.2, 3.1), ranked("xgboost", 2, 2.2, 2.1)], "rmse");
  expect(choice?.name).toBe("xgboost");
});

test("a linear model is preferred where trees lead by no more than one standard error of the pairs", () => {
  const linear = ranked("linear", 0.7, 0.8, 0.75);
  expect(chooseCandidate([constant, linear, ranked("xgboost", 0.73, 0.79, 0.755)], "roc_auc")).toMatchObject({
    name: "linear",
    reason: expect.stringContaining("simpler than xgboost"),
  });
  // The same mean lead, but in every fold: the pairs show it though the folds spread widely.
  expect(chooseCandidate([constant, linear, ranked("xgboost", 0.708, 0.809, 0.758)], "roc_auc")?.name).toBe("xgboost");
});

test("says when nothing beats the constant, and takes none where only the constant finished", () => {
  expect(chooseCandidate([constant, ranked("linear", 0.45, 0.55, 0.5)], "roc_auc")).toMatchObject({
    name: "linear",
    beatsConstant: false,
    reason: expect.stringContaining("no better than the constant"),
  });
  expect(chooseCandidate([constant], "roc_auc")).toBeNull();
});
