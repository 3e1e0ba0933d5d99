import { describe, expect, it } from "vitest";
import { readIntent } from "./intent.ts";
import { bikes, catalog, company, credit, fraud, telco } from "./testing.ts";
import { understandByRules } from "./understand.ts";

const deployments = [{ name: "churn", dataset: "telco_churn", target: "Churn" }];
const deployed = catalog([telco(), credit(), bikes(), ...company(), fraud()], deployments);

describe("the question where a model is wrong", () => {
  it.each([
    "where is the churn model wrong?",
    "where does the model churn make mistakes?",
    "where are our churn predictions wrong",
    "find error slices of the churn model",
    "find error slices of churn",
  ])("%s", (text) => {
    const understood = understandByRules(text, [], deployed);
    expect(understood).toMatchObject({
      intent: "slices",
      goals: [{ is: "slices.found" }],
      arguments: { dataset: "telco_churn", target: "Churn", deployment: "churn" },
    });
  });

  it("is asked of the deployed model, which leaves out what it was to leave out", () => {
    const [churn] = deployments;
    const without = catalog([telco()], [{ ...churn!, exclusions: ["gender"], exclude: ["age_bin"] }]);
    for (const text of ["where is the churn model wrong?", "improve the churn model", "why do customers churn?"])
      expect(understandByRules(text, [], without)).toMatchObject({
        arguments: { exclusions: ["gender"], exclude: ["age_bin"] },
      });
    const more = understandByRules("improve the churn model, leave out tenure", [], without);
    expect(more).toMatchObject({ arguments: { exclusions: ["gender", "tenure"] } });
  });

  it("is grounded in the catalog where nothing is deployed", () => {
    const understood = understandByRules("where is the fraud model wrong?", [], catalog([fraud()]));
    expect(understood).toMatchObject({ intent: "slices", arguments: { target: "TX_FRAUD" } });
  });

  it("isn't read from questions about data", () => {
    expect(readIntent("where are the errors in the table payments?")).not.toBe("slices");
    expect(readIntent("where is the customer data stored?")).toBe("find");
    expect(readIntent("are there any errors in orders?")).toBe("check");
    expect(readIntent("explain the churn model")).toBe("explain");
  });
});
