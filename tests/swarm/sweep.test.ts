import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSampleCompany } from "@muster/infra/sample-company/generate.ts";
import type { NextMonth } from "@muster/infra/sample-company/table.ts";
import { until } from "@muster/infra/until.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strayFigures } from "../../agents/planner/answer/figures.ts";
import { serve, servedRows } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

const company = { seed: 20260630, customers: 1500 };

describe("the sweep over the sample company's next month", () => {
  const folder = mkdtempSync(join(tmpdir(), "muster-sweep-"));
  let it: TestSwarm;
  let main: RequestView;
  let schedule: string;

  beforeAll(async () => {
    const [swarm, sample] = await Promise.all([startSwarm(), generateSampleCompany(folder, company)]);
    it = swarm;
    for (const { path, ...more } of sample.files) expect((await it.owner.load(path, more)).status).toBe(201);
    // An engineer sets the schedule: who is revoked at the end.
    const ann = await it.addPerson("ann", ["engineer"]);
    main = await ann.ask("I want to predict customer churn for Q3");
    expect(main).toMatchObject({ status: "succeeded", error: null, by: "ann" });
    const { body } = await it.owner.http<{ schedules: { id: string; person: string }[] }>("GET", "/v1/schedules");
    expect(body.schedules).toMatchObject([{ person: "ann" }]);
    schedule = body.schedules[0]!.id;
  }, 240_000);
  afterAll(async () => {
    await it?.stop();
    rmSync(folder, { recursive: true });
  });

  /** The requests of the schedule, newest first. */
  const sweeps = async () => {
    const { body } = await it.owner.http<{ requests: RequestView[] }>("GET", "/v1/requests?limit=200");
    return body.requests.filter((request) => request.by === schedule);
  };

  /** Makes the schedule due and gives what its request came to. */
  async function sweep(): Promise<RequestView> {
    const before = (await sweeps()).length;
    expect((await it.owner.call("pipeline.trigger_schedule", { schedule })).status).toBe(200);
    const id = await until(async () => {
      const all = await sweeps();
      if (all.length === before) throw new Error("the schedule's request hasn't come yet");
      return all[0]!.id;
    }, AbortSignal.timeout(30_000));
    const view = await it.owner.settle(id);
    expect(view).toMatchObject({ status: "succeeded", error: null, purpose: "analytics", by: schedule });
    expect(view.answer!.drift!.reason.length).toBeGreaterThan(0);
    expect(strayFigures(view.answer!.text, view.answer!)).toEqual([]);
    return view;
  }

  async function loadNextMonth(nextMonth: NextMonth): Promise<void> {
    const sample = await generateSampleCompany(join(folder, nextMonth), { ...company, nextMonth });
    for (const { path, ...more } of sample.nextMonth) expect((await it.owner.load(path, more)).status).toBe(201);
  }

  test("eight predictions can't tell", async () => {
    const { name } = main.answer!.deployment!;
    const { records } = await servedRows(it, name, { dataset: "contracts", where: "end_date IS NULL", rows: 8 });
    const scored = await serve(it, `/invocations?model=${name}`, { dataframe_records: records });
    expect(scored).toMatchObject({ status: 200, body: { predictions: { length: 8 } } });
    // Ending the serving process ends the open segment of its log.
    await it.swarm.stopProcess("ml-serving");
    await it.swarm.startProcess("ml-serving");
    const { drift } = (await sweep()).answer!;
    expect(drift).toMatchObject({ verdict: "abstained", reason: expect.stringContaining("8 rows") });
    expect(drift!.current).toMatch(/^churn_predictions@/);
  });

  test("a month like those before has not drifted", async () => {
    await loadNextMonth("same");
    const { drift } = (await sweep()).answer!;
    expect(drift).toMatchObject({ verdict: "not_drifted", current: expect.stringContaining("newest data") });
    expect(moved(drift)).toEqual([]);
  }, 90_000);

  test("a month in which use fell has drifted, and its columns are named", async () => {
    await loadNextMonth("shift");
    const { drift, text } = (await sweep()).answer!;
    expect(drift).toMatchObject({ verdict: "drifted" });
    const columns = moved(drift);
    expect(columns.filter((name) => /logins|minutes_active/.test(name)).length).toBeGreaterThan(0);
    expect(columns.filter((name) => /^(support_tickets|card_transactions)_/.test(name))).toEqual([]);
    expect(drift!.reason).not.toMatch(/broken/);
    expect(text).toMatch(/drifted/);
    const { body } = await it.owner.http<{ reports: { report: { verdict: string } }[] }>("GET", "/v1/drift");
    expect(body.reports.map(({ report }) => report.verdict)).toEqual(["drifted", "not_drifted", "abstained"]);
  }, 90_000);

  test("a month that was loaded badly is told apart: what is missing, empty or in another unit", async () => {
    await loadNextMonth("broken_load");
    const { drift } = (await sweep()).answer!;
    expect(["drifted", "abstained"]).toContain(drift!.verdict);
    expect(drift!.reason).toMatch(/looks broken: .*usage_weekly has 5\d % of the rows/);
    expect(drift!.reason).toMatch(/usage_weekly\.minutes_active is \d+ times what it was/);
    expect(drift!.reason).toMatch(/usage_weekly\.features_used is empty/);
  }, 90_000);

  test("the schedule of somebody who lost their roles asks for nothing", async () => {
    const before = await sweeps();
    expect((await it.owner.call("governance.set_roles", { person: "ann", roles: [] })).status).toBe(200);
    expect((await it.owner.call("pipeline.trigger_schedule", { schedule })).status).toBe(200);
    await until(async () => {
      const log = readFileSync(join(it.home, "logs", "sweeps.log"), "utf8");
      if (!log.includes("the person who set it may not ask any more")) throw new Error("the sweep hasn't come yet");
    }, AbortSignal.timeout(30_000));
    expect(await sweeps()).toEqual(before);
  });

  const moved = (drift: NonNullable<RequestView["answer"]>["drift"]): string[] =>
    drift!.columns.filter((column) => column.verdict === "drifted").map((column) => column.name);
});
