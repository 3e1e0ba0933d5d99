import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSampleCompany, type SampleCompany } from "@muster/infra/sample-company/generate.ts";
import type { Feature, FeatureReason } from "@muster/shared/domain/feature.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strayFigures } from "../../agents/planner/answer/figures.ts";
import { reads } from "../support/drivers.ts";
import { asSuperuser, lakeRows, serve, servedRows, stepOf, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

const question = "I want to predict customer churn for Q3";

describe("churn for Q3 in the sample company", () => {
  const folder = mkdtempSync(join(tmpdir(), "muster-sample-"));
  let it: TestSwarm;
  let sample: SampleCompany;
  let view: RequestView;
  const model = () => view.answer!.model!;
  beforeAll(async () => {
    [it, sample] = await Promise.all([
      startSwarm(),
      generateSampleCompany(folder, { seed: 20260630, customers: 3000 }),
    ]);
    for (const { path, ...more } of sample.files) expect((await it.owner.load(path, more)).status).toBe(201);
    view = await it.owner.ask(question);
  }, 240_000);
  afterAll(async () => {
    await it?.stop();
    rmSync(folder, { recursive: true });
  });

  test("ends with a deployed, explained, scored and watched model", () => {
    expect(view).toMatchObject({ status: "succeeded", question: null, approval: null, error: null, by: "owner" });
    expect(view.plan.every((step) => step.status === "succeeded")).toBe(true);
    expect(view.answer).toMatchObject({
      problem: { entity: "customer_id", horizon: "1 quarter", labelDelay: "30 days", task: "binary" },
      deployment: { url: expect.stringContaining(it.swarm.urls.serving) },
      monitoring: { nextRun: expect.stringMatching(/^\d{4}-/) },
    });
    expect(view.assumptions.join("\n")).toContain("Q3 2026");
  });

  test("its labels are the planted ones, at every cutoff that has closed and at no other", async () => {
    const { dataset } = stepOf(view, "pipeline.build_labels")!.output as { dataset: string };
    const rows = await lakeRows<{ entity: string; cutoff: string; split: string; label: string | null }>(
      it.home,
      dataset,
      "SELECT __entity::VARCHAR AS entity, __cutoff::DATE::VARCHAR AS cutoff, __split AS split, __label::VARCHAR AS label FROM $it",
    );
    const labels: Record<string, Record<string, number>> = {};
    const splits: Record<string, Set<string>> = {};
    for (const { entity, cutoff, split, label } of rows) {
      splits[split] = (splits[split] ?? new Set()).add(cutoff);
      if (label === null) continue;
      labels[cutoff] ??= {};
      expect(labels[cutoff]).not.toHaveProperty(entity);
      labels[cutoff][entity] = Number(label);
    }
    expect(labels).toEqual(sample.truth.labels);
    const { cutoffs } = sample.truth;
    expect([...splits.training!].sort()).toEqual(cutoffs.training);
    expect([...splits.holdout!]).toEqual([cutoffs.holdout]);
    expect([...splits.scoring!]).toEqual([cutoffs.scoring]);
    expect(view.answer!.problem!.cutoffs).toEqual([...cutoffs.training, cutoffs.holdout, cutoffs.scoring]);
  });

  test("leaves out what leaks, what is overwritten and what is the label, with the number that shows it", () => {
    const dropped = (name: string) => model().dropped.filter((one) => one.name === name);
    const { leaking, overwritten, rule } = sample.truth;
    expect(dropped(`${leaking.table}.${leaking.column}`)).toEqual([
      { name: expect.any(String), reason: expect.stringMatching(/isn't known at the cutoff/), number: 1 },
    ]);
    const [over] = dropped(`${overwritten.table}.${overwritten.column}`);
    expect(over?.reason).toMatch(/overwritten in place: status_updated_at/);
    expect(over?.number).toBeGreaterThan(0.1);
    expect(dropped(`${rule.table}.${rule.end}`)[0]?.reason).toMatch(/it is the label/);
    const names = model().features.map((feature) => feature.name);
    expect(names.length).toBeGreaterThan(5);
    for (const column of [leaking.column, overwritten.column, rule.end])
      expect(names.filter((name) => name.includes(column))).toEqual([]);
  });

  test("the first ten suggested features read everything that was planted to drive churn, each above its noise", () => {
    const { features, reasons } = stepOf(view, "ml.suggest_features")!.output as {
      features: Feature[];
      reasons: FeatureReason[];
    };
    const first = features.slice(0, 10);
    const { drivers, rule } = sample.truth;
    expect(
      drivers.filter(({ table, columns }) => !first.some((one) => reads(one, table, columns, rule.table))),
    ).toEqual([]);
    for (const { name } of first) expect(reasons.find((one) => one.name === name)).toMatchObject({ above: true });
  });

  test("no column with personal data is a feature, and the answer says so", () => {
    const cleared = stepOf(view, "governance.clear_training")!.output as {
      columns: Record<string, { role: string; pii: boolean }>;
    };
    const { pii } = sample.truth;
    const personal = [pii.direct, pii.quasi].flatMap(({ table, columns }) => columns.map((c) => `${table}.${c}`));
    const { features } = stepOf(view, "ml.suggest_features")!.output as { features: unknown[] };
    const written = JSON.stringify(features);
    for (const column of [...personal, "support_tickets.subject"]) {
      expect([column, cleared.columns[column]]).toEqual([column, expect.objectContaining({ pii: true })]);
      expect(["key", "none"]).toContain(cleared.columns[column]!.role);
      expect(written).not.toContain(`"${column.split(".")[1]}"`);
    }
    for (const name of ["first_name", "last_name", "email", "phone"])
      expect(view.answer!.text).toMatch(new RegExp(`personal data: [^\\n]*customers\\.${name}`));
  });

  test("every kind of candidate is on the board, and the hold-out was looked at once", () => {
    const algorithms = new Set(model().candidates.map((candidate) => candidate.algorithm));
    expect([...algorithms].sort()).toEqual(["constant", "ensemble", "linear", "random_forest", "xgboost"]);
    expect(model().candidates.filter((candidate) => candidate.chosen)).toHaveLength(1);
    expect(model().holdoutLook).toBe(1);
    expect(model().metrics.roc_auc).toBeGreaterThan(0.7);
    const [low, high] = model().intervals.roc_auc!;
    expect(low).toBeLessThan(model().metrics.roc_auc!);
    expect(high).toBeGreaterThan(model().metrics.roc_auc!);
  });

  test("every number of the answer stands in one of its fields", () => {
    expect(strayFigures(view.answer!.text, view.answer!)).toEqual([]);
    expect(strayFigures(`${view.answer!.text} 98765.4`, view.answer!)).toEqual(["98765.4"]);
  });

  test("everybody active at the scoring cutoff has a score with its reasons", async () => {
    const { pin } = stepOf(view, "ml.predict")!.output as { pin: string };
    const active = Object.keys(sample.truth.future[sample.truth.cutoffs.scoring]!).sort();
    const rows = await lakeRows<Record<string, string>>(it.home, pin, "SELECT * FROM $it");
    expect(view.answer!.predictions!.rows).toBe(active.length);
    expect(rows.map((row) => row.customer_id).sort()).toEqual(active);
    expect(
      rows.filter((row) => !/ = .+ \(typical .+\), associated with a (lower|higher) score$/.test(row.reason_1!)),
    ).toEqual([]);
  });

  test("the deployment answers for an entity by its key and its own columns", async () => {
    const { name } = view.answer!.deployment!;
    const running = { dataset: "contracts", where: "end_date IS NULL", rows: 3 };
    const { inputs, records } = await servedRows(it, name, running);
    const infer = await serve(it, `/v2/models/${name}/infer`, {
      id: "mine",
      inputs: inputs.map(({ name, datatype }) => ({
        ...{ name, datatype, shape: [records.length] },
        data: records.map((row) => row[name]),
      })),
    });
    expect(infer).toMatchObject({
      status: 200,
      body: { model_name: name, id: "mine", outputs: [{ name: "prediction", shape: [3] }, { name: "probabilities" }] },
    });
    const invoked = await serve(it, `/invocations?model=${name}`, { dataframe_records: records });
    expect(invoked.status).toBe(200);
    const [first] = invoked.body.predictions as { probabilities: Record<string, number> }[];
    const probabilities = (infer.body.outputs as { data: number[] }[])[1]!.data;
    expect(first!.probabilities["1"]).toBeCloseTo(probabilities[1]!, 6);
    const unknown = await serve(it, `/invocations?model=${name}`, {
      dataframe_records: [{ ...records[0], customer_id: "nobody" }],
    });
    expect(unknown.status).toBe(404);
    expect((await serve(it, "/invocations?model=no_such_model", { dataframe_records: records })).status).toBe(404);
  });

  test("it is watched by a schedule in the name of who asked", async () => {
    const { body } = await it.owner.http<{ schedules: Record<string, unknown>[] }>("GET", "/v1/schedules");
    expect(body.schedules).toMatchObject([
      { deployment: view.answer!.deployment!.name, person: "owner", purpose: "analytics", paused: false },
    ]);
  });

  test("the same question again is answered from what stands", async () => {
    const again = await it.owner.ask(question);
    expect(again.status).toBe("succeeded");
    for (const tool of ["ml.train_model", "ml.evaluate_model", "ml.deploy_model", "pipeline.build_labels"])
      expect(toolsDone(again)).not.toContain(tool);
    expect(again.answer!.deployment).toEqual(view.answer!.deployment);
    expect(again.answer!.model).toMatchObject({ version: 1, holdoutLook: 1, hash: model().hash });
    expect(strayFigures(again.answer!.text, again.answer!)).toEqual([]);
    const { body } = await it.owner.http<{ runs: unknown[] }>("GET", "/v1/runs");
    expect(body.runs).toHaveLength(1);
  });

  test("the audit holds, and one changed byte of it is found", async () => {
    type Verified = { output: { ok: boolean; events: number; firstBad: number | null } };
    const verify = async () => (await it.owner.call<Verified>("governance.verify_audit", {})).body.output;
    const before = await verify();
    expect(before).toMatchObject({ ok: true, firstBad: null });
    expect(before.events).toBeGreaterThan(20);
    await asSuperuser(
      it,
      `begin; alter table evidence.audit_event disable trigger all;
       update evidence.audit_event set what = 'ml.train_modem' where what = 'ml.train_model';
       alter table evidence.audit_event enable trigger all; commit`,
    );
    expect(await verify()).toMatchObject({ ok: false, firstBad: expect.any(Number) });
  });
});
