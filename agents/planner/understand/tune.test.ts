import { describe, expect, test } from "vitest";
import { readSearch } from "./search.ts";
import { bikes, catalog, credit, headless, telco } from "./testing.ts";
import { understandByRules } from "./understand.ts";

const held = catalog([telco(), credit(), bikes(), headless()], []);
const understood = (text: string) => {
  const found = understandByRules(text, [], held);
  if (found.kind !== "goals") throw new Error(`asked back: ${found.question.candidates.join(" | ")}`);
  return found;
};
const tuned = [{ is: "parameters.tuned", newerThan: "request" }];

describe("a wish to tune", () => {
  test.each([
    ["tune the churn model", { dataset: "telco_churn", target: "Churn", onward: "train" }],
    ["tune a model for churn in telco_churn over 20 settings", { dataset: "telco_churn", trials: 20, onward: "train" }],
    ["train churn with tuned hyperparameters", { dataset: "telco_churn", onward: "train" }],
    ["predict Churn in telco_churn, try 50 trials", { target: "Churn", trials: 50, onward: "deploy" }],
    [
      "predict cnt in bike_sharing with 12 settings for at most $0.50",
      { trials: 12, budgetUsd: 0.5, onward: "deploy" },
    ],
  ])("%s", (text, args) => {
    const { goals, arguments: said } = understood(text);
    expect(goals).toEqual(tuned);
    expect(said).toMatchObject(args);
  });

  test.each([["train churn"], ["predict churn in telco_churn"]])("%s searches nothing", (text) => {
    expect(understood(text).goals).not.toEqual(tuned);
  });

  test("a number of customers or days is no number of settings, and 0 is none", () => {
    for (const text of ["the next 50 customers", "in 30 days", "try 0 trials", "opportunity"])
      expect(readSearch(text).value).toBeNull();
  });
});
