import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Evaluation, RunResult } from "@muster/shared/domain/model.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dailySales, shopOrders } from "../support/shop-orders.ts";
import { type MlBench, output, type Shown, startMl } from "./trainable.ts";

const bikes = join(import.meta.dirname, "../../../shared/datasets/bike_sharing/bike_hourly.csv");
const here = existsSync(bikes);
if (!here) console.warn("skipped: ../shared/datasets is absent, no series of bikes is forecast");

let at: MlBench;
let pin: string;
beforeAll(async () => {
  at = await startMl();
  pin = await at.load("orders", shopOrders(1));
});
afterAll(async () => {
  await at?.stop();
});

const month = { count: 30, unit: "day" };
const defined = async (input: Record<string, unknown>): Promise<Problem> => {
  const shown = await at.request();
  await at.step("define_problem", shown, { dataset: pin, ...input });
  return at.value<"problem.defined">(shown["problem.defined"]!);
};
type Looked = { metrics: Record<string, number>; baseline: Record<string, number>; look: number };
async function trained(
  input: Record<string, unknown>,
): Promise<{ shown: Shown; problem: Problem; looked: Looked; features: string[] }> {
  const shown = await at.prepared(pin as never, { horizon: month, ...input });
  await at.step("train_model", shown);
  const looked = output<Looked>(await at.step("evaluate_model", shown));
  const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
  const { features } = await at.value<"features.suggested">(shown["features.suggested"]!);
  return { shown, problem, looked, features: features.map(({ name }) => name) };
}

describe("events in a window after a cutoff", () => {
  test("whether a customer orders within 30 days is learned from what came before each cutoff", async () => {
    const { problem, looked, features, shown } = await trained({
      event: { kind: "occurs", entity: "customer_id" },
      gapDays: 2,
    });
    expect(problem).toMatchObject({ task: "binary", gapDays: 2, population: { dataset: "orders", days: 365 } });
    expect(features.some((name) => name.includes("since_days"))).toBe(true);
    expect(features.every((name) => !/order_id/.test(name))).toBe(true);
    expect(looked.metrics.roc_auc).toBeGreaterThan(0.75);
    expect(looked.baseline.roc_auc).toBe(0.5);
    expect(looked.look).toBe(1);
    const training = (await at.value<"features.materialized">(shown.training!)).dataset;
    const [found] = await at.query(
      training,
      "SELECT count(DISTINCT __cutoff)::INTEGER AS cutoffs, count(*)::INTEGER AS rows, count(DISTINCT (__entity, __cutoff))::INTEGER AS single FROM t",
    );
    expect(found).toMatchObject({ cutoffs: problem.cutoffs.training.length });
    expect(found!.single).toBe(found!.rows);
  }, 120_000);

  test("labels that come in after the next cutoff: folds know none of them, in the proposal as in the training", async () => {
    const event = { kind: "occurs", entity: "customer_id" };
    const shown = await at.prepared(pin as never, { horizon: month, event, labelDelayDays: 50 });
    const { cutoffs } = await at.value<"problem.defined">(shown["problem.defined"]!);
    const { folds, validation } = await at.value<"candidates.chosen">(shown["candidates.chosen"]!);
    // Cutoffs are 30 days apart, their labels known after 80: the fourth is the first that something is known by.
    expect(folds).toBe(Math.min(5, cutoffs.training.length - 3));
    expect(folds).toBeLessThan(Math.min(5, cutoffs.training.length - 1));
    expect(validation).toMatch(
      /; \d+ earlier rows weren't trained on \(over all folds\), since their label wasn't known yet/,
    );
    const run = output<RunResult>(await at.step("train_model", shown));
    expect([run.folds, run.validation]).toEqual([folds, validation]);
  }, 120_000);

  test("how much each will spend is a regression over the window's sum", async () => {
    const { problem, looked } = await trained({
      event: { kind: "value", entity: "customer_id", aggregate: "sum", column: "price", times: "pieces" },
    });
    expect(problem).toMatchObject({ task: "regression", metric: "rmse" });
    expect(looked.metrics.rmse!).toBeLessThan(0.9 * looked.baseline.rmse!);
    expect(looked.metrics.r2).toBeGreaterThan(0.2);
  }, 120_000);

  test("which kind comes next has a class for none", async () => {
    const { problem, looked } = await trained({ event: { kind: "next", entity: "customer_id", category: "kind" } });
    expect(problem.task).toBe("multiclass");
    expect(looked.metrics.roc_auc).toBeGreaterThan(0.7);
  }, 120_000);
});

describe("forecasts of series", () => {
  const daily = (event: Record<string, unknown> = {}) => ({ event: { kind: "forecast", column: "sold", ...event } });
  type Seasonal = Looked & Pick<Evaluation, "exploratory" | "covered"> & { seasonal: Record<string, number> };
  async function forecast(dataset: string, input: Record<string, unknown>) {
    const shown = await at.prepared(dataset as never, input);
    await at.step("train_model", shown);
    const looked = output<Seasonal>(await at.step("evaluate_model", shown));
    return { shown, looked, problem: await at.value<"problem.defined">(shown["problem.defined"]!) };
  }

  test("of two shops by day are learned from together, and beat the same day last week", async () => {
    const series = await at.load("sales", dailySales(3));
    const { problem, looked, shown } = await forecast(series, {
      ...daily({ series: "shop" }),
      horizon: { count: 2, unit: "week" },
    });
    expect(problem.label).toMatchObject({ kind: "forecast", unit: "day", steps: 14, season: 7, series: "shop" });
    expect(problem.cutoffs.sealed!.length).toBeGreaterThan(2);
    expect(looked.seasonal.rmse!).toBeLessThan(looked.baseline.rmse!);
    expect(looked.metrics.rmse!).toBeLessThan(0.95 * looked.seasonal.rmse!);
    expect(looked.exploratory).toBe(false);
    const { interval } = await at.value<"run.finished">(shown["run.finished"]!);
    expect(interval!.scale).toMatchObject({
      feature: "step",
      edges: [expect.any(Number), expect.any(Number), expect.any(Number)],
    });
    expect(interval!.level).toBeGreaterThanOrEqual(0.9);
    expect(looked.covered!.observed).toBeGreaterThan(0.85);
    const { dataset } = await at.value<"features.materialized">(shown.holdout!);
    const rows = await at.query(dataset, "SELECT season_before AS before, __label AS label FROM t");
    const off = rows.map((row) => (Number(row.before) - Number(row.label)) ** 2);
    expect(looked.seasonal.rmse!).toBeCloseTo(Math.sqrt(off.reduce((sum, one) => sum + one, 0) / off.length), 9);
    expect(new Set(rows.map((row) => row.before)).size).toBeGreaterThan(50);
  }, 120_000);

  test.each<[string, string, Record<string, unknown>, string, RegExp]>([
    [
      "a series too short",
      "short",
      { ...daily(), horizon: { count: 14, unit: "day" } },
      "unfit",
      /has 40 days from 2025-01-01 .* load a longer history/,
    ],
    ["a quarter", "short", { ...daily(), horizon: { quarter: "Q3" } }, "invalid_input", /pass a length as horizon/],
    ["a text", "short", daily({ column: "shop" }), "invalid_input", /only numbers are forecast/],
    ["too many steps", "short", { ...daily(), horizon: { count: 500, unit: "day" } }, "invalid_input", /more than 400/],
    [
      "days without hours",
      "short",
      { ...daily({ unit: "hour" }), horizon: { count: 1, unit: "day" } },
      "invalid_input",
      /days without hours/,
    ],
    [
      "conditions that nothing meets",
      "short",
      daily({ where: [{ column: "shop", in: ["east"] }] }),
      "unfit",
      /has no value in any row/,
    ],
    ["an unknown series", "short", daily({ series: "store" }), "not_found", /no column store/],
    ["classes", "short", { ...daily(), task: "binary" }, "invalid_input", /regression question/],
  ])("of %s are refused", async (_, name, input, code, message) => {
    const short = await at.load(name, dailySales(4, 40));
    await expect(defined({ dataset: short, ...input })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test("of a week that has begun say nothing: origins are weeks that are over", async () => {
    const series = await at.load("sales", dailySales(3));
    const problem = await defined({
      dataset: series,
      ...daily({ unit: "week", series: "shop" }),
      horizon: { count: 2, unit: "week" },
    });
    // The newest day is Friday, 15 May 2026.
    expect(problem.cutoffs.scoring).toBe("2026-05-11");
    expect(problem.cutoffs.sealed!.at(-1)).toBe("2026-04-27");
    expect(problem.label).toMatchObject({ season: 1 });
  });

  test.skipIf(!here)(
    "of bikes by hour, a week ahead, beat the same hour of the week before",
    async () => {
      const lines = readFileSync(bikes, "utf8").split("\n", 24 * 220 + 1);
      const series = await at.load("bike_sharing", `${lines.join("\n")}\n`);
      const event = { kind: "forecast", column: "cnt", unit: "hour" };
      const { problem, looked } = await forecast(series, { event, horizon: { count: 1, unit: "week" } });
      expect(problem.label).toMatchObject({ hour: "hr", steps: 168, season: 168 });
      expect(looked.metrics.rmse!).toBeLessThan(looked.seasonal.rmse!);
    },
    180_000,
  );
});

describe("what can't be asked", () => {
  const occurs = { kind: "occurs", entity: "customer_id" };
  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ["a horizon of nothing", { event: occurs, horizon: { count: 0, unit: "day" } }, "invalid_input", /horizon/],
    ["an unknown entity", { event: { ...occurs, entity: "client" } }, "not_found", /no column client/],
    [
      "a filter on an unknown column",
      { event: { ...occurs, where: [{ column: "colour", in: ["red"] }] } },
      "not_found",
      /colour/,
    ],
    [
      "a filter of another type",
      { event: { ...occurs, where: [{ column: "price", in: ["red"] }] } },
      "invalid_input",
      /price is number/,
    ],
    [
      "a filter that says nothing",
      { event: { ...occurs, where: [{ column: "price" }] } },
      "invalid_input",
      /says nothing/,
    ],
    [
      "a filter that nothing meets",
      { event: { ...occurs, where: [{ column: "status", in: ["lost"] }] } },
      "unfit",
      /status is lost/,
    ],
    ["a quarter that is over", { event: occurs, horizon: { quarter: "Q1", year: 2026 } }, "invalid_input", /is over/],
    ["a history too short", { event: occurs, horizon: { count: 9, unit: "month" } }, "unfit", /load a longer history/],
    [
      "a population that isn't there",
      { event: occurs, population: { dataset: "people" } },
      "not_found",
      /no dataset people/,
    ],
    [
      "a first order among those who ordered",
      { event: { ...occurs, first: true } },
      "invalid_input",
      /table of everybody/,
    ],
    ["a column and an event", { event: occurs, target: "status" }, "invalid_input", /one of them/],
  ])("%s", async (_, input, code, message) => {
    await expect(defined({ horizon: month, ...input })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test("a table without a time of events", async () => {
    const flat = await at.load("visits", "customer_id,page\nc1,a\nc2,b\n");
    await expect(defined({ dataset: flat, event: { kind: "occurs", entity: "customer_id" } })).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("--time"),
    });
  });
});
