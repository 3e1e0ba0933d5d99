import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSampleCompany } from "@muster/infra/sample-company/generate.ts";
import { until } from "@muster/infra/until.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { effectsOf, lakeRows, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

type Run = {
  run: string;
  tool: string;
  status: string;
  problem: string;
  dataset: string;
  input: Record<string, unknown>;
  view: string | null;
  output: string | null;
};
type Runs = { runs: Run[]; freshness: { view: string; output: string; asOf: string | null }[]; verdict: string };

describe("a pipeline's runs", () => {
  const folder = mkdtempSync(join(tmpdir(), "muster-pipeline-"));
  let it: TestSwarm;
  let main: RequestView;

  beforeAll(async () => {
    const [swarm, sample] = await Promise.all([
      startSwarm(),
      generateSampleCompany(folder, { seed: 20261121, customers: 1200 }),
    ]);
    it = swarm;
    for (const { path, ...more } of sample.files) expect((await it.owner.load(path, more)).status).toBe(201);
    main = await it.owner.ask("I want to predict customer churn for Q3");
    expect(main).toMatchObject({ status: "succeeded", error: null });
  }, 240_000);
  afterAll(async () => {
    await it?.stop();
    rmSync(folder, { recursive: true });
  });

  const done = async <T>(tool: string, input: object): Promise<T> => {
    const { status, body } = await it.owner.call<{ output: T }>(tool, input);
    expect({ tool, status, body }).toMatchObject({ status: 200 });
    return body.output;
  };
  const runs = () => done<Runs>("pipeline.get_pipeline_runs", {});

  test("are told with what each wrote and how fresh it is", async () => {
    const { runs: shown, freshness } = await runs();
    expect(shown.map(({ tool, status }) => `${tool} ${status}`).sort()).toEqual([
      "build_labels finished",
      "materialize_features finished",
      "materialize_features finished",
      "materialize_features finished",
    ]);
    const written = new Set((await effectsOf(it.owner)).datasets);
    for (const { output } of shown) expect(written).toContain(output);
    expect(freshness).toMatchObject([{ view: expect.stringMatching(/^[0-9a-f]{64}$/), output: expect.any(String) }]);
  });

  test("a view is previewed without anything being written, by the problem's hash", async () => {
    const before = await effectsOf(it.owner);
    const { problem, dataset } = (await runs()).runs[0]!;
    const preview = await done<{
      rows: number;
      features: { name: string; missingShare: number; distinct: number; mean: number | null }[];
      sql: string;
    }>("pipeline.preview_feature_view", { problem, dataset });
    expect(await effectsOf(it.owner)).toEqual(before);
    const training = (await runs()).runs.find((run) => run.input.role === "training")!;
    const measured = preview.features.find((one) => one.mean !== null && one.distinct > 10)!;
    const [row] = await lakeRows(
      it.home,
      training.output!,
      `SELECT count(*)::DOUBLE AS rows, avg("${measured.name}") AS mean, 1 - count("${measured.name}") / count(*) AS missing FROM $it`,
    );
    expect(preview.rows).toBe(row!.rows);
    expect(measured.mean).toBeCloseTo(Number(row!.mean), 6);
    expect(measured.missingShare).toBeCloseTo(Number(row!.missing), 9);
  });

  test("a view's versions say which live model stands on each", async () => {
    type Versions = { versions: { version: number; hash: string; added: string[]; models: { live: string[] }[] }[] };
    const { view } = (await runs()).runs.find((run) => run.input.role === "training")!;
    const { versions } = await done<Versions>("pipeline.get_view_versions", { view: view! });
    const { name, version, hash } = main.answer!.model!;
    expect(versions).toMatchObject([{ version: 1, hash: view, models: [{ name, version, hash, live: ["churn"] }] }]);
    expect(versions[0]!.added.length).toBeGreaterThan(5);
    expect(await it.owner.call("pipeline.get_view_versions", { view: "no_such_view" })).toMatchObject({
      status: 404,
      body: { error: { code: "not_found" } },
    });
  });

  test("a backfill writes each month as it was known then: where a cutoff was trained on, the same features", async () => {
    const { problem, dataset, output } = (await runs()).runs.find((run) => run.input.role === "training")!;
    const cutoffs = await lakeRows<{ at: string }>(
      it.home,
      output!,
      "SELECT DISTINCT __cutoff::DATE::VARCHAR AS at FROM $it ORDER BY 1",
    );
    const [from, to] = [cutoffs[0]!.at, cutoffs.at(-1)!.at];
    const every = { count: 1, unit: "quarter" };
    const filled = await done<{ dataset: string; cutoffs: string[] }>("pipeline.backfill", {
      problem,
      dataset,
      from,
      to,
      every,
    });
    expect(filled.cutoffs).toEqual(cutoffs.map(({ at }) => at));
    const sums = async (pin: string, columns: string[]) =>
      lakeRows(
        it.home,
        pin,
        `SELECT __cutoff::VARCHAR AS at, count(*)::DOUBLE AS n, ${columns.map((c) => `round(sum("${c}"), 4) AS "${c}"`).join(", ")} FROM $it GROUP BY 1 ORDER BY 1`,
      );
    const numbers = (
      await lakeRows<{ name: string; type: string }>(
        it.home,
        output!,
        "SELECT column_name AS name, column_type AS type FROM (DESCRIBE $it)",
      )
    )
      .filter(({ name, type }) => type === "DOUBLE" && !name.startsWith("__"))
      .map(({ name }) => name);
    expect(numbers.length).toBeGreaterThan(5);
    expect(await sums(filled.dataset, numbers)).toEqual(await sums(output!, numbers));
  });

  test("a span that nothing is known of yet is refused and told as a failed run, which is done again on demand", async () => {
    const { problem, dataset } = (await runs()).runs[0]!;
    const refused = await it.owner.call("pipeline.backfill", {
      problem,
      dataset,
      from: "2031-01-01",
      to: "2031-03-01",
    });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: "invalid_input" } } });
    const failed = (await runs()).runs[0]!;
    expect(failed).toMatchObject({ tool: "backfill", status: "failed", output: null });
    const again = await it.owner.call("pipeline.retry_run", { run: failed.run });
    expect(again).toMatchObject({ status: 400, body: { error: { code: "invalid_input" } } });
    expect((await runs()).runs.slice(0, 2)).toMatchObject([
      { tool: "backfill", status: "failed", input: failed.input },
      { run: failed.run },
    ]);
    const finished = (await runs()).runs.find((run) => run.status === "finished")!;
    expect(await it.owner.call("pipeline.retry_run", { run: finished.run })).toMatchObject({
      status: 409,
      body: { error: { code: "conflict" } },
    });
  });

  test("a view goes out as dbt models and as an Airflow DAG", async () => {
    const { view } = (await runs()).freshness[0]!;
    for (const [format, path] of [
      ["dbt", /^models\/.*_training\.sql$/],
      ["airflow", /^dags\/.*\.py$/],
    ] as const) {
      const { files } = await done<{ files: { path: string; artifact: string; bytes: number }[] }>(
        "pipeline.export_pipeline",
        { view, format },
      );
      const file = files.find((one) => path.test(one.path))!;
      const response = await fetch(`${it.swarm.urls.gateway}/v1/artifacts/${file.artifact}`, {
        headers: { authorization: `Bearer ${it.owner.token}` },
      });
      expect(Buffer.from(await response.arrayBuffer()).length).toBe(file.bytes);
    }
  });

  test("a schedule asks by its clock, what waits for it asks once it succeeded, and both say what they came to", async () => {
    const { problem, dataset } = (await runs()).runs[0]!;
    const set = (input: object) =>
      it.owner.call<{ output: { schedule: string; nextRun: string | null } }>("pipeline.set_schedule", input);
    const profile = { tool: "quality.profile_dataset", input: { dataset } };
    const labels = { tool: "pipeline.build_labels", input: { problem, dataset } };
    const first = await set({ name: "profile_daily", call: profile, cron: "0 3 * * *", timeZone: "Asia/Kolkata" });
    expect(first).toMatchObject({
      status: 200,
      body: { output: { nextRun: expect.stringMatching(/T21:30:00.000Z$/) } },
    });
    const second = await set({ name: "labels_after", call: labels, after: ["profile_daily"], withinMinutes: 10 });
    expect(second).toMatchObject({ status: 200, body: { output: { nextRun: null } } });
    expect((await it.owner.call("pipeline.trigger_schedule", { schedule: first.body.output.schedule })).status).toBe(
      200,
    );
    type Listed = { schedules: { name: string; lastRun: { status: string; request: string } | null }[] };
    const ended = await until(async () => {
      const { schedules } = await done<Listed>("pipeline.list_schedules", {});
      const found = schedules.filter(({ name }) => name === "profile_daily" || name === "labels_after");
      if (found.some(({ lastRun }) => lastRun?.status !== "succeeded")) throw new Error("not both have succeeded yet");
      return found;
    }, AbortSignal.timeout(60_000));
    const asked = await it.owner.http<RequestView>(
      "GET",
      `/v1/requests/${ended.find(({ name }) => name === "labels_after")!.lastRun!.request}`,
    );
    expect(asked.body).toMatchObject({ status: "succeeded", by: second.body.output.schedule });
    expect(toolsDone(asked.body)).toContain("pipeline.build_labels");
  }, 90_000);

  test("a schedule without anything to ask, without a time, with a bad clock, or that waits for itself is refused", async () => {
    const set = (input: object) => it.owner.call("pipeline.set_schedule", { name: "wrong", ...input });
    const call = { tool: "quality.profile_dataset", input: {} };
    for (const input of [
      { cron: "0 3 * * *" },
      { call, ask: "predict churn", cron: "0 3 * * *" },
      { call },
      { call, cron: "0 3 * * *", timeZone: "Mars/Olympus" },
      { call, cron: "61 3 * * *" },
    ])
      expect(await set(input)).toMatchObject({ status: 400, body: { error: { code: "invalid_input" } } });
    expect(await set({ call, after: ["nothing_of_that_name"] })).toMatchObject({
      status: 404,
      body: { error: { code: "not_found" } },
    });
    const loop = await it.owner.call("pipeline.set_schedule", { name: "profile_daily", call, after: ["labels_after"] });
    expect(loop).toMatchObject({ status: 400, body: { error: { code: "invalid_input" } } });
  });

  test("what a called tool doesn't take goes to the steps before it, and what none takes is refused", async () => {
    const { problem, dataset } = (await runs()).runs[0]!;
    const labels = await it.owner.call<{ request: string }>("pipeline.build_labels", { problem, dataset });
    expect(labels.status).toBe(200);
    const { body } = await it.owner.http<RequestView>("GET", `/v1/requests/${labels.body.request}`);
    expect(toolsDone(body)).toContain("ml.define_problem");
    expect(await it.owner.call("pipeline.build_labels", { problem, dataset, colour: "red" })).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_input", message: expect.stringContaining("colour") } },
    });
    expect(await it.owner.call("pipeline.build_labels", { problem: "f".repeat(64), dataset })).toMatchObject({
      status: 404,
      body: { error: { code: "not_found" } },
    });
  });
});
