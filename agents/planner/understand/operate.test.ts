import { describe, expect, test } from "vitest";
import { catalog, dataset, telco } from "./testing.ts";
import { understandByRules } from "./understand.ts";
import type { CatalogView } from "./view.ts";

const left = dataset("left_customers", "customerID:t Churn:b/2 left_at:d", { rows: 300 });
const churn = { name: "churn", dataset: "telco_churn", target: "Churn" };
const fraud = { name: "card_fraud", dataset: "payments", target: "fraud" };
const one = catalog([telco(), left], [churn]);
const two = catalog([telco(), left], [churn, fraud]);

const callOf = (text: string, at: CatalogView = two, answers: string[] = []) => {
  const understood = understandByRules(text, answers, at);
  return understood.kind === "goals" ? understood.call : understood.question;
};

describe("what is done with a deployment beside predicting", () => {
  test.each([
    ["roll back churn", "ml.rollback_deployment", { deployment: "churn" }],
    ["Roll churn back to version 3, please", "ml.rollback_deployment", { deployment: "churn", version: 3 }],
    ["can you switch card_fraud back to the previous version", "ml.rollback_deployment", { deployment: "card_fraud" }],
    ["retire the churn model", "ml.retire_model", { name: "churn" }],
    ["please retire version 2 of churn", "ml.retire_model", { name: "churn", version: 2 }],
    ["take the card fraud model down", "ml.retire_model", { name: "card_fraud" }],
    [
      "start an A/B test of churn version 2 against version 1 with 20 % traffic",
      "ml.ab_test_models",
      { deployment: "churn", challenger: 2, champion: 1, trafficPercent: 20, measure: "loss" },
    ],
    [
      "A/B test churn v4 with 10 percent of the traffic and 5 % control: fewer leave, an effect of 0.02",
      "ml.ab_test_models",
      {
        ...{ deployment: "churn", challenger: 4, trafficPercent: 10, controlPercent: 5 },
        ...{ better: "lower", effect: 0.02 },
      },
    ],
    [
      "run a shadow test of churn version 2",
      "ml.ab_test_models",
      { deployment: "churn", challenger: 2, shadow: true, measure: "loss" },
    ],
    ["how is the A/B test of churn going", "ml.ab_test_models", { deployment: "churn" }],
    ["stop the A/B test of churn", "ml.end_ab_test", { deployment: "churn", keep: "live" }],
    ["promote the challenger of churn", "ml.end_ab_test", { deployment: "churn", keep: "challenger" }],
    [
      "record the outcomes in left_customers for churn",
      "ml.record_outcomes",
      { deployment: "churn", dataset: "left_customers" },
    ],
  ])("%s", (text, tool, input) => {
    expect(callOf(text)).toEqual({ tool, input });
  });

  test("the only deployment needs no naming; several are a question, settled by the answer", () => {
    expect(callOf("how is the A/B test going", one)).toEqual({
      tool: "ml.ab_test_models",
      input: { deployment: "churn" },
    });
    expect(callOf("roll back", one)).toMatchObject({ input: { deployment: "churn" } });
    expect(callOf("how is the A/B test going")).toMatchObject({ candidates: ["churn", "card_fraud"] });
    expect(callOf("roll back", two, ["card_fraud"])).toMatchObject({ input: { deployment: "card_fraud" } });
  });

  test("a name that isn't deployed touches nothing", () => {
    for (const text of ["roll back sales", "retire the sales model", "start an A/B test of sales version 2"])
      expect(() => callOf(text, one)).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("words of other wishes aren't taken for it", () => {
    for (const text of ["predict churn in telco_churn", "has churn drifted", "train a churn model", "score churn"])
      expect(understandByRules(text, [], two)).not.toHaveProperty("call");
  });
});
