import { describe, expect, it } from "vitest";
import { readIntent } from "./intent.ts";
import { readText } from "./read.ts";
import { bikes, catalog, company, credit, fraud, telco } from "./testing.ts";
import { understandByRules } from "./understand.ts";

const deployments = [
  { name: "churn", dataset: "telco_churn", target: "Churn" },
  { name: "cnt", dataset: "bike_sharing", target: "cnt" },
];
const deployed = catalog([telco(), credit(), bikes(), ...company(), fraud()], deployments);
const understood = (text: string, view = deployed) => {
  const found = understandByRules(text, [], view);
  if (found.kind !== "goals") throw new Error(`asked back: ${found.question.candidates.join(" | ")}`);
  return found;
};

describe("a wish for a better model", () => {
  it.each([
    "improve the churn model",
    "please improve churn",
    "make the churn model better, 2 rounds",
    "can you improve the model churn in at most three rounds?",
    "make our churn predictions more accurate",
  ])("%s", (text) => {
    const { intent, goals, arguments: args } = understood(text);
    expect(intent).toBe("improve");
    expect(goals).toEqual([{ is: "improvement.proposed", of: { round: 1 } }]);
    expect(args).toMatchObject({ dataset: "telco_churn", target: "Churn", deployment: "churn", name: "churn" });
  });

  it("says how many rounds and how much it may take", () => {
    expect(understood("make the churn model better, 2 rounds").arguments.rounds).toBe(2);
    expect(understood("improve churn in at most three rounds for $0.50").arguments).toMatchObject({
      ...{ rounds: 3, budgetUsd: 0.5 },
    });
    expect(understood("improve the churn model").arguments).not.toHaveProperty("rounds");
    for (const text of ["improve churn, 0 rounds", "improve churn, 11 rounds"])
      expect(understood(text).arguments).not.toHaveProperty("rounds");
    expect(readText("at most 2 rounds").budgetUsd).toBeNull();
  });

  it("is grounded in the catalog where nothing is deployed", () => {
    const { arguments: args } = understood("improve the fraud model", catalog([fraud()]));
    expect(args).toMatchObject({ target: "TX_FRAUD" });
    expect(args).not.toHaveProperty("name");
  });

  it("isn't read from other wishes", () => {
    expect(readIntent("improve the data quality of payments")).not.toBe("improve");
    expect(readIntent("retrain the churn model")).toBe("train");
    expect(readIntent("build a model for churn")).toBe("train");
    expect(readIntent("make a churn model and deploy it")).toBe("predict");
    expect(readIntent("predict churn")).toBe("predict");
  });
});
