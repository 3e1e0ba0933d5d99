import { parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import type { FeatureReason } from "@muster/shared/domain/feature.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sign } from "../support/signing.ts";
import { copyOf, type MlBench, output, type Shown, startMl } from "./trainable.ts";

/** 3,000 payments on 150 cards over 60 days; what is far above a card's usual amount is disputed, and amounts rise half-way. */
function payments(): string {
  const random = seededRandom(21);
  const usual = Array.from({ length: 150 }, () => Math.exp(3 + normal(random)));
  const rows = Array.from({ length: 3000 }, (_, i) => {
    const card = Math.floor(random() * 150);
    const times = random() < 0.12 ? 4 : 1;
    const amount = usual[card]! * times * (i >= 1200 ? 1.6 : 1) * Math.exp(0.2 * normal(random));
    const at = new Date(Date.UTC(2026, 3, 1) + (i / 3000) * 60 * 86_400_000).toISOString().slice(0, 19);
    const shop = i % 250 === 0 ? "kiosk" : ["books", "food", "fuel"][i % 3]!;
    const disputed = random() < (times > 1 ? 0.8 : 0.04);
    return `p${i},card${card},${at.replace("T", " ")},${random() < 0.03 ? "" : amount.toFixed(2)},${shop},${disputed ? "yes" : "no"}`;
  });
  return `payment,card,at,amount,shop,disputed\n${rows.join("\n")}\n`;
}

type Stats = {
  rows: number;
  features: {
    name: string;
    kind: string;
    from: string[];
    missing: number;
    distinct: number;
    mean: number | null;
    sd: number | null;
    quantiles: Record<string, number>;
    top: { value: string; rows: number }[];
    worth: { strength: number; noise: number; above: boolean; rank: number | null; information: number };
    correlated: { with: string; r: number }[];
    drift: { method: string; distance: number; pValue: number } | null;
  }[];
  basis: { numbers: string[]; rows: number; how: string }[];
  stretches: { from: string; split: string; to: string; rows: [number, number] } | null;
};

let at: MlBench;
let shown: Shown;
beforeAll(async () => {
  at = await startMl({ worker: false });
  const pin = await at.load("card_payments", payments(), { time: "at" });
  shown = await at.prepared(pin, { target: "disputed" });
}, 120_000);
afterAll(async () => {
  await at?.stop();
});

describe("suggested features", () => {
  test("say what each is worth with its noise, the strongest first; what says the same is named", async () => {
    const { features, reasons, redundant } = await at.value<"features.suggested">(shown["features.suggested"]!);
    expect(reasons.map(({ name }) => name)).toEqual(features.map(({ name }) => name));
    const of = new Map(reasons.map((reason: FeatureReason) => [reason.name, reason]));
    for (const { worth, noise, above } of reasons) expect(above).toBe(worth! > noise!);
    // What was planted: the amount against the card's usual one.
    expect(features[0]).toMatchObject({ kind: "mean_ratio", column: "amount", key: "card" });
    expect(of.get(features[0]!.name)!.worth).toBeGreaterThan(1.2 * of.get("amount")!.worth!);
    expect(redundant).toContainEqual({ name: "log_amount", with: "amount", by: "information", number: 1 });
    const places = features.map(({ name }) => name);
    for (const { name, with: other } of redundant!) expect(places.indexOf(other)).toBeLessThan(places.indexOf(name));
  });
});

describe("the statistics of a training set's features", () => {
  test("are those of its rows, each with where it comes from", async () => {
    const { dataset } = await at.value<"features.materialized">(shown.training!);
    const rows = await at.query(dataset, "SELECT * FROM t");
    const stats = output<Stats>(await at.step("get_feature_stats", copyOf(shown)));
    expect(stats.rows).toBe(rows.length);
    const of = (name: string) => stats.features.find((one) => one.name === name)!;
    const amounts = sorted(rows.flatMap(({ amount }) => (amount === null ? [] : [Number(amount)])));
    const mean = amounts.reduce((sum, x) => sum + x, 0) / amounts.length;
    const sd = Math.sqrt(amounts.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (amounts.length - 1));
    expect(of("amount")).toMatchObject({
      ...{ kind: "column", from: ["card_payments.amount"], missing: rows.length - amounts.length },
      ...{ distinct: new Set(amounts).size, top: [] },
      ...{ mean: expect.closeTo(mean, 8), sd: expect.closeTo(sd, 8) },
      quantiles: { q05: expect.closeTo(quantile(amounts, 0.05), 8), q50: expect.closeTo(quantile(amounts, 0.5), 8) },
    });
    expect(of("amount").quantiles).not.toHaveProperty("min");
    // The kiosk has fewer than 20 rows.
    expect(
      of("shop")
        .top.map(({ value }) => value)
        .sort(),
    ).toEqual(["books", "food", "fuel"]);
    expect(of("shop").worth.above).toBe(false);
    expect(of("log_amount").correlated[0]).toMatchObject({ with: expect.any(String), r: expect.any(Number) });
    expect(stats.stretches!.rows.reduce((a, b) => a + b)).toBe(rows.length);
    expect(of("amount").drift).toMatchObject({ method: "kolmogorov_smirnov" });
    expect(of("amount").drift!.pValue).toBeLessThan(1e-6);
    expect(of("shop").drift!.pValue).toBeGreaterThan(0.01);
    const told = new Set(stats.basis.flatMap(({ numbers }) => numbers));
    for (const group of ["missing", "quantiles", "worth", "correlated", "drift"]) expect(told).toContain(group);
    for (const { rows: counted, how } of stats.basis) {
      expect(counted).toBe(rows.length);
      expect(how).toMatch(/row/);
    }
    const again = output<Stats>(await at.step("get_feature_stats", copyOf(shown), { features: ["amount"] }));
    expect(again.features).toEqual([{ ...of("amount"), worth: { ...of("amount").worth } }]);
  });

  test("show no value of personal data", async () => {
    const value = await at.value<"training.cleared">(shown.cleared!);
    const columns = { ...value.columns };
    columns["card_payments.shop"] = { ...columns["card_payments.shop"]!, pii: true };
    columns["card_payments.amount"] = { ...columns["card_payments.amount"]!, pii: true };
    const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
    const about = { problem: problem.hash, scope: value.datasets, person: "ada", purpose: "analytics" };
    const who = { request: shown.$request!, person: "ada" };
    const cleared = await sign(at.by.governance!, "training.cleared", about, { ...value, columns }, who);
    const asked = { features: ["shop", "amount"] };
    const stats = output<Stats>(await at.step("get_feature_stats", copyOf(shown, { cleared }), asked));
    const of = (name: string) => stats.features.find((one) => one.name === name)!;
    expect(of("shop")).toMatchObject({ top: [] });
    expect(of("amount")).toMatchObject({ mean: null, sd: null, quantiles: {} });
  });

  test("are refused for a training set without rows", async () => {
    const held = await at.value<"features.materialized">(shown.training!);
    const { problem, scope, view } = {
      problem: await at.value<"problem.defined">(shown["problem.defined"]!),
      scope: (await at.value<"scope.pinned">(shown.scope!)).datasets.map(({ pin }) => pin),
      view: (await at.value<"view.registered">(shown.registered!)).view,
    };
    const { name } = parseDatasetRef(held.dataset);
    const sql = `SELECT * FROM ${name} WHERE false`;
    const more = { kind: "features", inputs: [held.dataset], origin: "a test", now: new Date(0) } as const;
    const { version } = await writeQuery(at.lake, { name: "nothing", sql, ...more });
    const training = pinOf("nothing", version);
    const about = { problem: problem.hash, scope, view: view.hash, training };
    const empty = await sign(at.by.pipeline!, "features.materialized", about, { ...held, dataset: training, rows: 0 });
    await expect(at.step("get_feature_stats", copyOf(shown, { training: empty }))).rejects.toMatchObject({
      ...{ code: "unfit", message: expect.stringContaining("no rows") },
    });
  });

  test("are refused for a feature that the view doesn't have, and without receipts", async () => {
    const ask = (receipts: Shown, input: Record<string, unknown>) => at.step("get_feature_stats", receipts, input);
    await expect(ask(copyOf(shown), { features: ["nope"] })).rejects.toMatchObject({
      ...{ code: "not_found", message: expect.stringContaining("has no feature nope") },
    });
    await expect(ask(copyOf(shown), { features: [] })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(ask(await at.request(), {})).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["problem.defined", "view.registered", "training.cleared", "features.materialized"] },
    });
  });
});
