import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { agent } from "@muster/bus/agent.ts";
import { call } from "@muster/bus/call.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { generateSampleCompany, type SampleFile } from "@muster/infra/sample-company/generate.ts";
import { measureFacts } from "@muster/ml/dataset-facts.ts";
import { defineProblem } from "@muster/ml/define-problem.ts";
import { explainSample } from "@muster/ml/explain-sample.ts";
import { predictFitted } from "@muster/ml/score.ts";
import { sampleMatrix } from "@muster/ml/scoring/read-matrix.ts";
import { type DataPlane, openDataPlane } from "@muster/ml/serving/data-plane.ts";
import { openServingDeps } from "@muster/ml/serving/deps.ts";
import { suggestFeatures } from "@muster/ml/suggest/suggest.ts";
import { deployModel } from "@muster/ml/tools/deploy-model.ts";
import { detectModelDrift } from "@muster/ml/tools/detect-model-drift.ts";
import type { DriftReport } from "@muster/shared/domain/drift-report.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { type Givers, signDeployable, type Trained, trainOnLake } from "./deployable.ts";

const now = new Date("2026-08-01T02:00:00.000Z");
const company = { seed: 7, customers: 1500 };
const limits = { threads: 2 };
const personal = [
  ...["first_name", "last_name", "email", "phone", "street", "birth_date", "city", "postal_code", "subject"],
  ...["account_status", "status_updated_at", "termination_code"],
];

async function load(lake: Lake, inbox: string, files: SampleFile[]): Promise<string[]> {
  const pins: string[] = [];
  for (const { path, name, time, arrived } of files) {
    if (name === "card_transactions") continue;
    const { version } = await ingest({ lake, inbox, file: relative(inbox, path), name, time, arrived, now });
    pins.push(`${name}@${version}`);
  }
  return pins;
}

async function churnProblem(lake: Lake, pins: string[]): Promise<Problem> {
  const event = { kind: "ended" as const, entity: "customer_id", start: "start_date", end: "end_date", graceDays: 30 };
  return withPins(lake, pins, limits, async (engine) => {
    const facts = [];
    for (const pin of pins) {
      const manifest = await lake.manifest(pin);
      facts.push(await measureFacts(engine, manifest.name, manifest, null));
    }
    const label = facts.find(({ manifest }) => manifest.name === "contracts")!;
    const related = facts.filter((one) => one !== label);
    const request = { dataset: "contracts", event, horizon: { quarter: "Q3" as const }, name: "churn" };
    return defineProblem(request, label, "2026-06-30T00:00:00.000Z", related);
  });
}

/** Trains churn on the features that are suggested from everything but what names a person. */
async function trainChurn(lake: Lake, pins: string[]): Promise<Trained> {
  const problem = await churnProblem(lake, pins);
  const manifests = await Promise.all(pins.map((pin) => lake.manifest(pin)));
  const tables = manifests.map((manifest) => ({
    relation: manifest.name,
    manifest: { ...manifest, columns: manifest.columns.filter(({ name }) => !personal.includes(name)) },
  }));
  const roles = Object.fromEntries(
    tables.flatMap(({ manifest }) =>
      manifest.columns.map(
        ({ name }) => [`${manifest.name}.${name}`, name.endsWith("_id") ? "key" : "feature"] as const,
      ),
    ),
  );
  const joins = ["customers", "usage_weekly", "payments", "support_tickets"].map((dataset) => ({
    left: { dataset: "contracts", column: "customer_id" },
    right: { dataset, column: "customer_id" },
    unique: dataset === "customers",
  }));
  const rows = manifests.find(({ name }) => name === "contracts")!.rows;
  const suggested = await withPins(lake, pins, limits, (engine) =>
    suggestFeatures(engine, problem, { tables, rows, joins, roles }, seededRandom(1)),
  );
  const features = suggested.features.map(({ feature }) => feature);
  return trainOnLake(lake, problem, pins, features, { candidate: "xgboost_shallow" });
}

describe("churn of the sample company, a month later", () => {
  let bench: Bench;
  let givers: Givers;
  let plane: DataPlane;
  let trained: Trained;
  let shown: { request: string; receipts: string[]; model: string };
  let inbox: string;
  const stops: (() => Promise<void>)[] = [];
  let keys = 0;

  const ask = (tool: string, input: Record<string, unknown>) =>
    call(givers.gateway, {
      ...{ tool, input, key: `k${keys++}`, deadline: Date.now() + 60_000 },
      ...{ request: shown.request, receipts: shown.receipts },
    });
  const check = async (input: object = {}) =>
    (await ask("ml.detect_model_drift", { deployment: "churn", ...input })).output as {
      report: DriftReport;
      verdict: string;
      current: string;
    };
  const nextMonth = async (kind: "same" | "shift" | "broken_load") => {
    const { nextMonth } = await generateSampleCompany(join(inbox, kind), { ...company, nextMonth: kind });
    return load(givers.ml.lake, inbox, nextMonth);
  };

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...["pipeline", "governance", "ml"].map((name) => ({ name, kind: "agent" as const, of: name, file: "" })),
      { name: "ml-serving", kind: "serving", of: "ml", file: "" },
    ]);
    const open = (name: string): Promise<Process> => bench.process(name, { now: () => now });
    givers = {
      gateway: await bench.process("gateway"),
      ml: await bench.process("ml"),
      pipeline: await bench.process("pipeline"),
      governance: await bench.process("governance"),
    };
    inbox = inboxFolder(bench.home);
    mkdirSync(inbox, { recursive: true });
    const deps = await openServingDeps(givers.ml);
    const tools = [deployModel, detectModelDrift];
    const ml = agent({ name: "ml", does: "A test's agent.", tools, open: async () => ({ deps }) });
    stops.push(await serve({ process: givers.ml, agent: ml, opened: { deps } }, null));
    const serving = await open("ml-serving");
    plane = await openDataPlane({ ...serving, config: { ...serving.config, serving: "127.0.0.1:0" } });

    const { lake, evidence } = givers.ml;
    const { files } = await generateSampleCompany(join(inbox, "base"), company);
    trained = await trainChurn(lake, await load(lake, inbox, files));
    const signed = await signDeployable(givers, {
      trained,
      name: "churn",
      version: 1,
      asOf: "2026-07-01T00:00:00.000Z",
    });
    shown = { ...signed, receipts: Object.values(signed.receipts) };
    const sample = await sampleMatrix(lake, trained.pins.training, trained.fitted.inputs, 5000);
    const explanation = await explainSample(trained.fitted, sample.columns, sample.rows, {}, async () => {});
    await evidence.give({
      ...{ fact: "model.explained", verdict: "passed", request: shown.request, person: "ada", uses: [] },
      about: {
        problem: trained.problem.hash,
        view: trained.view.hash,
        training: trained.pins.training,
        model: shown.model,
      },
      value: explanation,
    });
    const { given } = await ask("ml.deploy_model", {});
    shown.receipts.push(given[0]!.id);
  }, 120_000);
  afterAll(async () => {
    await plane?.close();
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  test("is served from own columns and looked-up features; an unknown customer is 404, newer features swap in", async () => {
    const lake = givers.ml.lake;
    const { columns, entity, rows } = await sampleMatrix(lake, trained.pins.scoring, trained.fitted.inputs, 5000);
    const reference = predictFitted(trained.fitted, columns);
    const own = await withPins(lake, trained.scope, limits, (engine) =>
      engine.query(
        `SELECT customer_id, ${trained.rawColumns.map(({ name }) => `"${name}"`).join(", ")} FROM contracts
         WHERE start_date <= DATE '2026-07-01' AND (end_date IS NULL OR end_date > DATE '2026-07-01')`,
      ),
    );
    const byKey = new Map(own.map((row) => [row.customer_id, row]));
    const post = (records: object[]) =>
      fetch(`${plane.url}/invocations?model=churn`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ dataframe_records: records }),
      });
    await vi.waitFor(async () => expect((await fetch(`${plane.url}/v2/models/churn/ready`)).status).toBe(200), {
      timeout: 15_000,
    });
    const asked = Array.from({ length: Math.min(rows, 200) }, (_, row) => byKey.get(entity[row]!)!);
    const answer = await post(asked);
    expect([answer.status, answer.headers.get("muster-features-as-of")]).toEqual([200, "2026-07-01T00:00:00.000Z"]);
    const { predictions } = (await answer.json()) as { predictions: { probabilities: Record<string, number> }[] };
    predictions.forEach(({ probabilities }, row) => {
      expect(Math.abs(probabilities["1"]! - reference.probabilities[1]![row]!)).toBeLessThan(1e-5);
    });
    expect((await post([{ ...asked[0], customer_id: "nobody" }])).status).toBe(404);

    const { problem, view, scope } = trained;
    await givers.pipeline.evidence.give({
      ...{ fact: "features.materialized", verdict: "passed", request: shown.request, person: "ada", uses: [] },
      about: { problem: problem.hash, scope: [...scope].sort(), view: view.hash, scoring: trained.pins.training },
      value: {
        ...{ role: "scoring", dataset: trained.pins.training, rows: 1, columns: trained.columns },
        asOf: "2026-07-02T00:00:00.000Z",
      },
    });
    await vi.waitFor(
      async () =>
        expect((await post([asked[0]!])).headers.get("muster-features-as-of")).toBe("2026-07-02T00:00:00.000Z"),
      { timeout: 15_000, interval: 200 },
    );
  });

  test("an unchanged month hasn't drifted", async () => {
    await nextMonth("same");
    const { report, current } = await check();
    expect(report).toMatchObject({ verdict: "not_drifted", reference: trained.pins.training });
    expect(report.current).toContain("at 2026-07-29");
    expect(report.rows.current).toBeGreaterThan(900);
    expect(report.leftOut.map(({ name }) => name)).toContain("customers_signup_date_age_days");
    expect((await check()).current).toBe(current);
    const receipt = await givers.ml.evidence.newest("drift.checked", { deployment: "churn", current });
    expect(receipt?.about.model).toBe(shown.model);
  });

  test("a shifted month has, in the columns that were shifted, and the predictions with them", async () => {
    await nextMonth("shift");
    const { report, verdict } = await check();
    expect(report.verdict).toBe("drifted");
    expect(verdict).toMatch(/^drifted: .*usage_weekly_mean_logins/);
    expect(report.prediction?.verdict).toBe("drifted");
    expect(report.reason).not.toContain("broken");
  });

  test("a broken load is told with the columns and what may be wrong", async () => {
    await nextMonth("broken_load");
    const { report } = await check();
    expect(report.verdict).toBe("drifted");
    for (const what of [
      /usage_weekly has 5\d % of the rows/,
      /usage_weekly\.minutes_active is \d+ times what it was: another unit\?/,
      /usage_weekly\.features_used is empty in 100 % of its new rows/,
    ])
      expect(report.reason).toMatch(what);
  });

  test("8 customers can't tell, and a column that is gone doesn't end the check", async () => {
    const [contracts] = trained.scope.filter((pin) => pin.startsWith("contracts@"));
    const write = async (sql: string) => {
      const source = { name: "contracts", kind: "source" as const, time: "start_date", origin: "a test", now };
      const { version } = await writeQuery(givers.ml.lake, { ...source, sql, inputs: { before: contracts! } });
      return `contracts@${version}`;
    };
    const running =
      "SELECT * FROM before WHERE end_date IS NULL AND start_date < DATE '2026-06-01' ORDER BY contract_id";
    const few = await check({ current: await write(`${running} LIMIT 8`) });
    expect(few.report).toMatchObject({ verdict: "abstained", rows: { current: 8 } });
    const gone = await check({
      current: await write("SELECT * EXCLUDE (billing_cycle) FROM before ORDER BY contract_id"),
    });
    expect(gone.report.verdict).not.toBe("not_drifted");
    expect(gone.report.reason).toContain("contracts.billing_cycle is gone");
    const other = { name: "other", kind: "labels" as const, sql: "SELECT 1 AS one", inputs: [], origin: "a test", now };
    await writeQuery(givers.ml.lake, other);
    await expect(check({ current: "other" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(check({ current: "no_such_dataset" })).rejects.toMatchObject({ code: "not_found" });
  });
});
