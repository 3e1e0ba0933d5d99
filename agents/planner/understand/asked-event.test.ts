import { describe, expect, it } from "vitest";
import { readText } from "./read.ts";
import { bikes, catalog, company, credit, fraud, northwind, retail, telco } from "./testing.ts";
import { understandByRules } from "./understand.ts";

const catalogs = {
  company: catalog(company()),
  northwind: catalog(northwind()),
  retail: catalog([retail()]),
  everything: catalog([telco(), credit(), bikes(), ...company(), fraud(), retail()]),
};
type Name = keyof typeof catalogs;
function goals(name: Name, text: string, ...answers: string[]) {
  const understood = understandByRules(text, answers, catalogs[name]);
  if (understood.kind !== "goals") throw new Error(`asked back: ${understood.question.candidates.join(" | ")}`);
  return understood;
}

describe("events to come", () => {
  it.each<[Name, string, string, Record<string, unknown>]>([
    [
      "northwind",
      "will a customer place an order in the next 30 days",
      "orders",
      { kind: "occurs", entity: "customer_id" },
    ],
    [
      "northwind",
      "predict which customers will order again within 90 days",
      "orders",
      { kind: "occurs", entity: "customer_id" },
    ],
    [
      "retail",
      "which customers will buy again in the next 30 days?",
      "online_retail",
      { kind: "occurs", entity: "CustomerID" },
    ],
    [
      "company",
      "who will open a support ticket within 14 days",
      "support_tickets",
      { kind: "occurs", entity: "customer_id" },
    ],
    [
      "retail",
      "how much will each customer spend next month",
      "online_retail",
      { kind: "value", entity: "CustomerID", aggregate: "sum", column: "UnitPrice", times: "Quantity" },
    ],
    [
      "northwind",
      "how many orders will each customer place next quarter",
      "orders",
      { kind: "value", entity: "customer_id", aggregate: "count" },
    ],
    [
      "northwind",
      "how much freight will each customer's orders cost next month",
      "orders",
      { kind: "value", entity: "customer_id", aggregate: "sum", column: "freight" },
    ],
    [
      "northwind",
      "when will each customer's next order be, within 90 days",
      "orders",
      { kind: "next", entity: "customer_id" },
    ],
    [
      "company",
      "what category will the next support ticket of each customer have within 30 days",
      "support_tickets",
      { kind: "next", entity: "customer_id", category: "category" },
    ],
    [
      "company",
      "predict the first payment failure within 14 days",
      "payments",
      { kind: "occurs", entity: "customer_id", first: true, like: ["failure"] },
    ],
    [
      "company",
      "first payments with status = failed within 14 days",
      "payments",
      { kind: "occurs", entity: "customer_id", first: true, where: [{ column: "status", in: ["failed"] }] },
    ],
  ])("%s: %s", (name, text, dataset, event) => {
    const { arguments: args, intent } = goals(name, text);
    expect(args).toMatchObject({ dataset, event });
    expect(Object.keys(args.event as object).sort()).toEqual(Object.keys(event).sort());
    expect(args.horizon).toBeDefined();
    expect(intent).toBe("predict");
  });

  it("takes gap, delay, spacing and since when somebody counts from the text", () => {
    const text =
      "will a customer place an order in the next 30 days, with a gap of 7 days, labels are known after 2 weeks, active in the last 90 days, cutoffs every week";
    expect(goals("northwind", text).arguments).toEqual({
      ...{ dataset: "orders", event: { kind: "occurs", entity: "customer_id" } },
      ...{ horizon: { count: 30, unit: "day" }, gapDays: 7, labelDelayDays: 14 },
      ...{ population: { withinDays: 90 }, cutoffs: { every: { count: 1, unit: "week" } } },
    });
  });

  it.each([
    ["labels are known after 7 days", { labelDelayDays: 7 }],
    ["labels known 7 days later", { labelDelayDays: 7 }],
    ["the outcome is known only after two weeks", { labelDelayDays: 14 }],
    ["with a label delay of 3 days", { labelDelayDays: 3 }],
    ["with a 5-day gap", { gapDays: 5 }],
    ["leaving a gap of one week", { gapDays: 7 }],
  ])("%s", (text, found) => {
    const read = readText(`predict fraud, ${text}`);
    expect(read).toMatchObject({ gapDays: null, labelDelayDays: null, horizon: null, ...found });
    expect(read.rest.trim()).toMatch(/^predict fraud,?$/);
  });

  it("says a label's delay of a flat table too", () => {
    const { arguments: args } = goals("everything", "predict TX_FRAUD, labels are known after 7 days");
    expect(args).toMatchObject({ dataset: "fraud_transactions", target: "TX_FRAUD", labelDelayDays: 7 });
  });

  it.each([
    ["preview: will a customer place an order in the next 30 days", "northwind", "orders"],
    ["what would you predict for customer churn in contracts for Q3", "company", "contracts"],
    ["show me the label rate of TX_FRAUD before anything is trained", "everything", "fraud_transactions"],
  ] as const)("previews: %s", (text, name, dataset) => {
    const understood = goals(name, text);
    expect(understood).toMatchObject({
      intent: "call",
      goals: [],
      call: { tool: "pipeline.preview_labels", input: {} },
    });
    expect(understood.arguments.dataset).toBe(dataset);
    expect(understood.arguments.event ?? {}).not.toHaveProperty("like");
  });

  it.each<[Name, string, string, Record<string, unknown>, Record<string, unknown> | undefined]>([
    [
      "everything",
      "forecast daily cnt for the next 14 days",
      "bike_sharing",
      { unit: "day", column: "cnt" },
      { count: 14, unit: "day" },
    ],
    [
      "everything",
      "forecast hourly demand for next week",
      "bike_sharing",
      { unit: "hour", column: "cnt" },
      { count: 1, unit: "week" },
    ],
    [
      "northwind",
      "forecast freight per day for the next 30 days",
      "orders",
      { unit: "day", column: "freight" },
      { count: 30, unit: "day" },
    ],
    ["northwind", "forecast weekly orders", "orders", { unit: "week" }, undefined],
    [
      "company",
      "forecast the weekly amount of payments by method for the next 8 weeks",
      "payments",
      { unit: "week", column: "amount", series: "method" },
      { count: 8, unit: "week" },
    ],
  ])("forecasts: %s: %s", (name, text, dataset, event, horizon) => {
    const { arguments: args } = goals(name, text);
    expect(args).toMatchObject({ dataset, event: { kind: "forecast", ...event } });
    expect(Object.keys(args.event as object).sort()).toEqual(["kind", ...Object.keys(event)].sort());
    expect(args.horizon).toEqual(horizon);
  });

  it.each<[Name, string, string, string | undefined]>([
    ["everything", "will a transaction be fraudulent", "card_transactions", "is_fraud"],
    ["company", "who is going to cancel their contract within 90 days", "contracts", undefined],
    ["everything", "forecast customer attrition in telco_churn", "telco_churn", "Churn"],
    ["everything", "predict how many bikes will be rented", "bike_sharing", "cnt"],
  ])("leaves other questions alone: %s", (name, text, dataset, target) => {
    const { arguments: args } = goals(name, text);
    expect([args.dataset, args.target]).toEqual([dataset, target]);
  });
});
