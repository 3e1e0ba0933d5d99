import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { predictFitted } from "@muster/ml/score.ts";
import { loadFitted } from "@muster/ml/scoring/load-fitted.ts";
import { sampleMatrix } from "@muster/ml/scoring/read-matrix.ts";
import { predictionsFolder } from "@muster/ml/serving/deps.ts";
import { type DatasetPin, parseDatasetRef, pinOf } from "@muster/shared/domain/dataset.ts";
import type { DriftReport } from "@muster/shared/domain/drift-report.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dailySales, shopOrders } from "../support/shop-orders.ts";
import { sign } from "../support/signing.ts";
import { type MlBench, output, type Shown, startMl } from "./trainable.ts";

let at: MlBench;
beforeAll(async () => {
  at = await startMl({ clock: new Date("2026-08-02T00:00:00.000Z") });
});
afterAll(async () => {
  await at?.stop();
});

type Live = { shown: Shown; name: string; version: number; scoring: DatasetPin };

/** Trains, evaluates, registers and deploys what a problem asks; it counts as live since the first of May. */
async function deployed(pin: DatasetPin, input: Record<string, unknown>): Promise<Live> {
  const shown = await at.prepared(pin, input);
  for (const tool of ["train_model", "evaluate_model", "register_model"]) await at.step(tool, shown);
  const problem = await at.value<"problem.defined">(shown["problem.defined"]!);
  const { view } = await at.value<"view.registered">(shown.registered!);
  const { model } = await at.value<"run.finished">(shown["run.finished"]!);
  const { name, version } = await at.value<"model.registered">(shown["model.registered"]!);
  const relation = { relation: parseDatasetRef(pin).name, columns: (await at.lake.manifest(pin)).columns };
  const source = { dataset: relation, tables: { [relation.relation]: relation } };
  const { sql, columns } = compileMatrix(duckdb, problem, view, source, "scoring");
  const what = { name: `${problem.name}_scoring`, kind: "features" as const, sql, inputs: [pin], origin: "a test" };
  const written = await writeQuery(at.lake, { ...what, now: new Date("2026-07-01T00:00:00Z") });
  const scoring = pinOf(written.name, written.version);
  shown.scoring = await sign(
    at.by.pipeline!,
    "features.materialized",
    { problem: problem.hash, scope: [pin], view: view.hash, scoring },
    { role: "scoring", dataset: scoring, rows: written.rows, columns, asOf: problem.cutoffs.scoring },
  );
  shown.deployable = await sign(
    at.by.governance!,
    "deployment.cleared",
    { problem: problem.hash, model, person: "ada", purpose: "analytics" },
    { policies: [], reasons: [] },
    { request: shown.$request!, person: "ada" },
  );
  await at.step("deploy_model", shown);
  await at.by.ml!.pool.query("update deployment set at = '2026-05-01T00:00:00Z' where name = $1", [name]);
  return { shown, name, version, scoring };
}

const check = async ({ shown, name }: Live) =>
  output<{ report: DriftReport }>(await at.step("detect_model_drift", shown, { deployment: name })).report;

/** Logs what the model says of its scoring rows as if it had been asked at a moment; gives the keys. */
async function asked({ shown, name, version, scoring }: Live, moment: string): Promise<string[]> {
  const { artifacts, classes } = await at.value<"run.finished">(shown["run.finished"]!);
  const fitted = await loadFitted(artifacts.fitted, at.by.ml!.evidence.artifact);
  const { columns, entity, rows } = await sampleMatrix(at.lake, scoring, fitted.inputs, 10_000);
  const { values, probabilities } = predictFitted(fitted, columns);
  const lines = Array.from({ length: rows }, (_, row) => {
    const shares = classes.map((one, k) => [one, probabilities[k]![row]!] as const);
    const top = values ? values[row]! : shares.reduce((a, b) => (b[1] > a[1] ? b : a))[0];
    return JSON.stringify({
      ...{ request: "r", row, at: moment, model: name, version, key: entity[row], role: "answer", prediction: top },
      features: Object.fromEntries(columns.map((column) => [column.name, column.values[row] || null])),
      probabilities: values ? null : Object.fromEntries(shares),
    });
  });
  const folder = predictionsFolder(at.bench.home);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.jsonl`), `${lines.join("\n")}\n`);
  return entity as string[];
}

async function record({ name }: Live, dataset: DatasetPin, more: object = {}) {
  const shown = await at.request();
  shown.access = await sign(
    at.by.governance!,
    "access.cleared",
    { dataset, person: "ada", purpose: "analytics" },
    { columns: {}, policies: [], obligations: [] },
    { request: shown.$request!, person: "ada" },
  );
  return output<{ matched: number; unmatched: object[] }>(
    await at.step("record_outcomes", shown, { deployment: name, dataset, ...more }),
  );
}

/** The rows of a CSV before a day, some of them changed. */
function until(csv: string, column: number, day: string, change = (cells: string[]) => cells): string {
  const [head, ...lines] = csv.trim().split("\n");
  const kept = lines.map((line) => line.split(",")).filter((cells) => cells[column]! < day);
  return `${[head, ...kept.map((cells) => change(cells).join(","))].join("\n")}\n`;
}

describe("whether a customer orders within 30 days", () => {
  const orders = shopOrders(1, 460);
  let live: Live;
  beforeAll(async () => {
    const event = { kind: "occurs", entity: "customer_id" };
    const base = await at.load("orders", until(orders, 1, "2026-07-01"));
    live = await deployed(base, { event, horizon: { count: 30, unit: "day" } });
  }, 300_000);

  test("hasn't drifted in a month like those before, looked at as it is at the newest cutoff", async () => {
    await at.load("orders", until(orders, 1, "2026-08-01"));
    const report = await check(live);
    expect(report.verdict).toBe("not_drifted");
    expect(report.current).toMatch(/at 2026-07-/);
    expect(report.rows.current).toBeGreaterThan(200);
    expect(report.leftOut.map(({ name }) => name)).toContain("customer_id_past_since_days");
  }, 120_000);

  test("is judged by what came of it, once that has matured", async () => {
    const customers = await asked(live, "2026-07-01T08:00:00.000Z");
    const ordered = new Set(
      until(orders, 1, "2026-07-31")
        .split("\n")
        .flatMap((line) => (line.split(",")[1]! >= "2026-07-01" ? [line.split(",")[2]] : [])),
    );
    const told = (label: (id: string) => boolean) =>
      `customer_id,seen_at,orders\n${customers.map((id) => `${id},2026-07-30T00:00:00,${label(id) ? 1 : 0}`).join("\n")}\n`;
    const named = { eventTime: "seen_at", label: "orders" };
    const first = await record(
      live,
      await at.load(
        "came",
        told((id) => ordered.has(id)),
      ),
      named,
    );
    expect(first).toMatchObject({ matched: customers.length, unmatched: [] });
    expect((await check(live)).performance).toMatchObject({ verdict: "not_drifted" });
    await record(
      live,
      await at.load(
        "came",
        told((id) => !ordered.has(id)),
      ),
      named,
    );
    const worse = await check(live);
    expect(worse).toMatchObject({ verdict: "drifted", performance: { verdict: "drifted" } });
  }, 120_000);

  test("has where what is bought changed", async () => {
    const change = (cells: string[]) => (cells[1]! < "2026-07-01" ? cells : [...cells.slice(0, 5), "9", "300.00"]);
    await at.load("orders", until(orders, 1, "2026-08-01", change));
    const report = await check(live);
    expect(report.columns.filter(({ verdict }) => verdict === "drifted").map(({ name }) => name)).toEqual(
      expect.arrayContaining(["customer_id_past_max_price_30d"]),
    );
    expect(report.verdict).toBe("drifted");
  }, 120_000);
});

describe("a forecast of two shops, four weeks ahead", () => {
  const sales = dailySales(3, 560);
  let live: Live;
  beforeAll(async () => {
    const event = { kind: "forecast", column: "sold", series: "shop" };
    const base = await at.load("sales", until(sales, 0, "2026-05-16"));
    live = await deployed(base, {
      event,
      horizon: { count: 4, unit: "week" },
      cutoffs: { every: { count: 1, unit: "week" } },
    });
  }, 300_000);
  const later = (change?: (cells: string[]) => string[]) => at.load("sales", until(sales, 0, "2026-07-11", change));
  const tripled = ([day, shop, sold]: string[]) =>
    day! < "2026-05-16" ? [day!, shop!, sold!] : [day!, shop!, (3 * Number(sold)).toFixed(2)];

  test("hasn't drifted while the series goes on as before, looked at from its newest origins", async () => {
    await later();
    const report = await check(live);
    expect(report.current).toContain("at 2026-07-11");
    // Of the origins since, four weeks apart, as many as leave the reference's history eight stretches as long.
    const { cutoffs } = await at.value<"problem.defined">(live.shown["problem.defined"]!);
    const origins = Math.min(3, Math.floor(cutoffs.training.length / 8));
    expect(origins).toBeGreaterThan(1);
    expect(report.rows.current).toBe(origins * 2 * 28);
    expect(report.verdict).toBe("not_drifted");
    for (const { name } of report.leftOut) expect(name).toMatch(/step|weekday|day|month/);
  }, 120_000);

  test("is judged by the series itself, day by day", async () => {
    const keys = await asked(live, "2026-05-16T08:00:00.000Z");
    expect(keys[0]).toMatch(/^(north|south)\|2026-0[56]-\d\d$/);
    expect(await record(live, await later())).toMatchObject({ matched: keys.length });
    expect((await check(live)).performance).toMatchObject({ verdict: "not_drifted" });
    await record(live, await later(tripled));
    expect((await check(live)).performance).toMatchObject({ verdict: "drifted" });
  }, 120_000);

  test("has where the series is three times what it was", async () => {
    await later(tripled);
    const report = await check(live);
    expect(report.verdict).toBe("drifted");
    expect(report.prediction?.verdict).toBe("drifted");
  }, 120_000);

  test("takes its outcomes from tables that hold the series only", async () => {
    const other = await at.load("other", "day,store,sold\n2026-05-20,north,4\n");
    await expect(record(live, other)).rejects.toMatchObject({ code: expect.stringMatching(/invalid_input|not_found/) });
    expect(await record(live, other, { entity: "store" })).toMatchObject({ read: 1, corrected: 1 });
    await expect(record(live, other, { arrivedAt: "day" })).rejects.toMatchObject({ code: "invalid_input" });
  }, 60_000);
});
