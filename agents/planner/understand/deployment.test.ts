import { describe, expect, it } from "vitest";
import { deploymentsIn } from "./deployment.ts";
import { spelledModel } from "./model-version.ts";
import { catalog, dataset, telco } from "./testing.ts";
import { understandByRules } from "./understand.ts";
import type { DeploymentView } from "./view.ts";

const visits = dataset("visits", "visit_id:t! customer_id:t visited_at:s kind:t/4 spent:n", { time: "visited_at" });
const sales = dataset("sales", "day:d shop:t/2 sold:i", { time: "day" });
const hash = (letter: string) => letter.repeat(64);
const problem = (letter: string, kind: NonNullable<DeploymentView["problem"]>["kind"], ...columns: string[]) => ({
  problem: { hash: hash(letter), kind, columns },
});
const next = {
  name: "next_kind",
  dataset: "visits",
  target: "next_kind",
  ...problem("a", "next", "customer_id", "kind"),
};
const spend = {
  name: "sum_spent",
  dataset: "visits",
  target: "sum_spent",
  ...problem("b", "value", "customer_id", "spent"),
};
const forecast = {
  name: "sold_forecast",
  dataset: "sales",
  target: "sold_forecast",
  ...problem("c", "forecast", "shop", "sold"),
};
const churn = { name: "churn", dataset: "telco_churn", target: "Churn", ...problem("d", "column", "Churn") };
const all = catalog([telco(), visits, sales], [churn, next, spend, forecast]);
const goalsOf = (text: string, view = all) => {
  const found = understandByRules(text, [], view);
  if (found.kind !== "goals") throw new Error(`asked back: ${found.question.candidates.join(" | ")}`);
  return found;
};

describe("a deployment of any kind of question", () => {
  it.each<[string, DeploymentView]>([
    ["explain the next_kind model", next],
    ["explain the next visit kind", next],
    ["explain the spend model", spend],
    ["why do customers spend in visits?", spend],
    ["explain the demand forecast", forecast],
    ["explain the sales forecast", forecast],
    ["explain sales per shop", forecast],
    ["explain how much each customer will spend", spend],
    ["find error slices of the spend model", spend],
    ["where is the sales forecast wrong?", forecast],
  ])("is found by its name, its target's words or its table: %s", (text, { dataset, problem, name }) => {
    expect(goalsOf(text).arguments).toEqual({
      ...{ dataset, problem: problem!.hash, deployment: name, model: `models:/${name}` },
    });
  });

  it("is scored, improved and checked for drift as it was defined", () => {
    expect(goalsOf("score the demand forecast")).toMatchObject({
      intent: "score",
      goals: [{ is: "predictions.written", of: { deployment: "sold_forecast" } }],
      arguments: { dataset: "sales", problem: hash("c"), deployment: "sold_forecast" },
    });
    expect(goalsOf("score the demand forecast").arguments).not.toHaveProperty("model");
    expect(goalsOf("improve the spend model, 2 rounds").arguments).toEqual({
      ...{ dataset: "visits", problem: hash("b"), deployment: "sum_spent", rounds: 2 },
    });
    for (const text of [
      "is the demand forecast drifting?",
      "has the sales forecast drifted?",
      "drift of sold_forecast",
    ])
      expect(goalsOf(text)).toMatchObject({ intent: "drift", arguments: { deployment: "sold_forecast" } });
  });

  it("gives nothing fresh once its tables have changed: its dates are those of then; what it is can still be said", () => {
    const stale = catalog(
      [telco(), visits, sales],
      [
        { ...forecast, changed: ["sales"] },
        { ...churn, changed: ["telco_churn"] },
      ],
    );
    for (const text of ["score the sales forecast", "improve the sales forecast model"])
      expect(() => goalsOf(text, stale)).toThrow(
        expect.objectContaining({ code: "conflict", message: expect.stringContaining("ask that question anew") }),
      );
    expect(goalsOf("explain the sales forecast", stale).arguments).toMatchObject({ model: "models:/sold_forecast" });
    expect(goalsOf("is the sales forecast drifting?", stale).intent).toBe("drift");
    expect(goalsOf("score churn", stale).arguments).toMatchObject({ target: "Churn" });
  });

  it.each([
    ["roll back the sales forecast", "ml.rollback_deployment", { deployment: "sold_forecast" }],
    ["retire the demand forecast", "ml.retire_model", { name: "sold_forecast" }],
    ["please retire version 2 of the next visit kind model", "ml.retire_model", { name: "next_kind", version: 2 }],
    ["roll the model on sales back", "ml.rollback_deployment", { deployment: "sold_forecast" }],
  ])("%s", (text, tool, input) => {
    expect(goalsOf(text)).toMatchObject({ call: { tool, input } });
  });

  it("is asked about where two are on the same table, and isn't found by words of anything else", () => {
    expect(understandByRules("explain the visits model", [], all)).toMatchObject({
      kind: "question",
      question: { candidates: ["next_kind", "sum_spent"] },
    });
    for (const text of ["retire the margin forecast", "roll back the visits of shops"])
      expect(() => goalsOf(text)).toThrow(expect.objectContaining({ code: "not_found" }));
    expect(deploymentsIn("the satisfaction with visits", all, false)).toEqual([]);
  });
});

describe("a deployed model itself", () => {
  it.each([
    ["explain churn", "models:/churn"],
    ["explain version 2 of churn", "models:/churn/2"],
    ["explain churn v3", "models:/churn/3"],
    ["explain churn/4", "models:/churn/4"],
    ["where is model churn@challenger wrong", "models:/churn@challenger"],
    ["where is the challenger of churn wrong? which errors of the model", "models:/churn@challenger"],
    ["where is model churn wrong", "models:/churn"],
  ])("is what is meant: %s", (text, model) => {
    expect(goalsOf(text).arguments).toMatchObject({ model, deployment: "churn", target: "Churn" });
  });

  it("isn't where something else is asked of the question", () => {
    for (const text of ["explain churn without tenure", "explain churn by log loss", "improve churn", "score churn"])
      expect(goalsOf(text).arguments).not.toHaveProperty("model");
  });

  it("is spelled as the registry spells it", () => {
    expect(spelledModel("churn", "explain the model")).toBe("models:/churn");
    expect(spelledModel("churn", "the champion")).toBe("models:/churn@champion");
  });
});
