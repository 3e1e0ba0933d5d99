import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strayFigures } from "../../agents/planner/answer/figures.ts";
import { dailySales, shopCustomers, shopOrders } from "../support/shop-orders.ts";
import { lakeRows, stepOf } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

type Preview = {
  sentence: string;
  lacking: string | null;
  rows: { training: number; holdout: number; scoring: number };
  cutoffs: {
    cutoff: string;
    split: string;
    rows: number;
    censored: number;
    positives: number | null;
    rate: number | null;
  }[];
};

describe("questions about events to come", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
    const orders = await it.owner.put("orders.csv", shopOrders(1), { name: "orders", time: "ordered_at" });
    const customers = await it.owner.put("customers.csv", shopCustomers(2), { name: "customers", time: "signup_date" });
    expect([orders, customers]).toMatchObject([{ status: 201 }, { status: 201 }]);
  }, 120_000);
  afterAll(() => it?.stop());

  test("the label's rate per cutoff is seen before anything is written", async () => {
    const asked = "preview: will a customer place an order in the next 30 days, labels are known after 7 days";
    const view = await it.owner.ask(asked);
    expect(view).toMatchObject({ status: "succeeded", error: null });
    const seen = stepOf(view, "pipeline.preview_labels")!.output as Preview;
    expect(seen.sentence).toMatch(/^For each customer_id with a row of orders in the 365 days up to .*\?/);
    expect(view.answer!.text).toContain(seen.sentence);
    expect(seen.lacking).toBeNull();
    const labelled = seen.cutoffs.filter(({ split }) => split === "training" || split === "holdout");
    expect(labelled.length).toBeGreaterThan(3);
    for (const { rows, positives, rate } of labelled) expect(rate).toBeCloseTo(positives! / rows, 12);
    // The window before the newest is over, but its labels are known only a week later.
    expect(seen.cutoffs.filter(({ split }) => split === "open").map(({ censored }) => censored > 100)).toEqual([true]);
    expect(view.plan.map(({ tool }) => tool)).not.toContain("pipeline.build_labels");
    expect((await it.owner.http<{ runs: [] }>("GET", "/v1/runs")).body.runs).toEqual([]);
  }, 120_000);

  test("whether customers order again goes from words to scores of each and an endpoint", async () => {
    const view = await it.owner.ask("will a customer place an order in the next 30 days, with a gap of 2 days");
    expect(view).toMatchObject({ status: "succeeded", error: null });
    const answer = view.answer!;
    expect(strayFigures(answer.text, answer)).toEqual([]);
    expect(answer.problem).toMatchObject({ task: "binary", entity: "customer_id" });
    expect(answer.problem!.horizon).toBe("30 days after a gap of 2 days");
    expect(answer.model!.metrics.roc_auc).toBeGreaterThan(0.75);
    expect(answer.model!.holdoutLook).toBe(1);
    const { dataset } = stepOf(view, "ml.predict")!.output as { dataset: string; pin: string };
    expect(dataset).toBe(`${answer.model!.name}_scores`);
    expect(answer.predictions!.rows).toBeGreaterThan(250);
    const labels = stepOf(view, "pipeline.build_labels")!.output as { dataset: string; rows: { scoring: number } };
    expect(answer.predictions!.rows).toBe(labels.rows.scoring);
    const [known] = await lakeRows(
      it.home,
      labels.dataset,
      "SELECT min(__entity) AS key FROM $it WHERE __split = 'scoring'",
    );
    const inputs = [{ name: "customer_id", shape: [1], datatype: "BYTES", data: [known!.key] }];
    const headers = { "content-type": "application/json" };
    const served = await fetch(answer.deployment!.url, { method: "POST", headers, body: JSON.stringify({ inputs }) });
    expect(served.status).toBe(200);
    const { outputs } = (await served.json()) as { outputs: { name: string; data: unknown[] }[] };
    expect(["0", "1", 0, 1]).toContain(outputs.find(({ name }) => name === "prediction")!.data[0]);
  }, 240_000);

  test("how much each will spend is an amount for each", async () => {
    const view = await it.owner.ask("how much will each customer spend next month");
    expect(view).toMatchObject({ status: "succeeded", error: null });
    const answer = view.answer!;
    expect(answer.problem).toMatchObject({ task: "regression", metric: "rmse", entity: "customer_id" });
    expect(answer.model!.metrics.rmse!).toBeLessThan(answer.model!.baseline.rmse!);
    expect(answer.problem!.label).toContain("price × pieces");
  }, 240_000);

  test("who never ordered is told from the table of everybody", async () => {
    const view = await it.owner.ask("preview the first order of each customer within 30 days");
    expect(view).toMatchObject({ status: "succeeded" });
    const seen = stepOf(view, "pipeline.preview_labels")!.output as Preview;
    expect(seen.sentence).toContain("with a row of customers up to");
    expect(seen.sentence).toContain("none of orders yet");
    // Nearly all had ordered by then: too few are left to learn from, and that is said.
    expect(seen.lacking).toMatch(/needed: load more data/);
  }, 120_000);

  test("what two shops will sell goes from words to scores of each day to come", async () => {
    await it.owner.put("sales.csv", dailySales(3), { name: "sales", time: "day" });
    const view = await it.owner.ask("forecast daily sold per shop in sales for the next 14 days");
    expect(view).toMatchObject({ status: "succeeded", error: null });
    const answer = view.answer!;
    expect(strayFigures(answer.text, answer)).toEqual([]);
    expect(answer.problem).toMatchObject({
      task: "regression",
      population: "every shop of sales that had values a season before",
    });
    expect(answer.problem!.label).toContain("the sum of sold of sales by day");
    const { metrics, seasonal, baseline } = answer.model!;
    expect(metrics.rmse!).toBeLessThan(seasonal!.rmse!);
    expect(seasonal!.rmse!).toBeLessThan(baseline.rmse!);
    expect(answer.text).toContain("what stood there a season before gives");
    expect(answer.predictions!.rows).toBe(28);
    const { pin } = stepOf(view, "ml.predict")!.output as { pin: string };
    const scores = await lakeRows<{ shop: string; prediction: number }>(
      it.home,
      pin,
      "SELECT shop, prediction FROM $it ORDER BY shop",
    );
    expect(scores[0]!.shop).toBe("north|2026-05-16");
    expect(scores.at(-1)!.shop).toBe("south|2026-05-29");
    const inputs = [{ name: "shop", shape: [1], datatype: "BYTES", data: ["north|2026-05-16"] }];
    const headers = { "content-type": "application/json" };
    const served = await fetch(answer.deployment!.url, { method: "POST", headers, body: JSON.stringify({ inputs }) });
    expect(served.status).toBe(200);
    const { outputs } = (await served.json()) as { outputs: { name: string; data: number[] }[] };
    expect(outputs.find(({ name }) => name === "prediction")!.data[0]).toBeCloseTo(scores[0]!.prediction, 4);
    const seen = await it.owner.ask("preview: forecast daily sold per shop in sales for the next 14 days");
    const { rows } = stepOf(seen, "pipeline.preview_labels")!.output as Preview;
    expect(rows.scoring).toBe(28);
  }, 240_000);

  test("what is deployed of them is found again by the words of its question", async () => {
    const ask = async (text: string) => {
      const view = await it.owner.ask(text);
      expect(view, text).toMatchObject({ status: "succeeded", error: null });
      expect(view.plan.filter(({ tool }) => tool === "ml.train_model")).toEqual([]);
      return view;
    };
    const explained = await ask("explain the sales forecast");
    const { name } = explained.answer!.model!;
    expect(explained.answer!.model!.features.length).toBeGreaterThan(0);
    expect(explained.answer!.problem!.label).toContain("the sum of sold of sales by day");
    const scored = await ask("score the demand forecast");
    expect(scored.answer!.predictions).toEqual({ dataset: `${name}_scores`, rows: 28 });
    expect(stepOf(scored, "ml.predict")!.status).toBe("succeeded");
    const drift = await ask("is the sales forecast drifting?");
    expect(stepOf(drift, "ml.detect_model_drift")!.input).toMatchObject({ deployment: name });
    const spend = await ask("explain how much each customer will spend");
    expect(spend.answer!.problem!.label).toContain("price × pieces");
    const retired = await ask("retire the sales forecast");
    expect(stepOf(retired, "ml.retire_model")!.output).toMatchObject({ name, down: 1 });
  }, 240_000);
});
