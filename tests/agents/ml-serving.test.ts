import { agent } from "@muster/bus/agent.ts";
import { call } from "@muster/bus/call.ts";
import { ping } from "@muster/bus/discover.ts";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { predictFitted } from "@muster/ml/score.ts";
import { sampleMatrix } from "@muster/ml/scoring/read-matrix.ts";
import { type DataPlane, openDataPlane } from "@muster/ml/serving/data-plane.ts";
import { openServingDeps, type ServingDeps } from "@muster/ml/serving/deps.ts";
import { landWaiting } from "@muster/ml/serving/landing-loop.ts";
import { deployModel } from "@muster/ml/tools/deploy-model.ts";
import { detectModelDrift } from "@muster/ml/tools/detect-model-drift.ts";
import { predict } from "@muster/ml/tools/predict.ts";
import type { DriftReport } from "@muster/shared/domain/drift-report.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { clientsTrained, clientFeatures as features } from "./clients.ts";
import { type Deployable, type Givers, signDeployable, type Trained, trainOnLake } from "./deployable.ts";

describe("a live model", () => {
  let bench: Bench;
  let givers: Givers;
  let serving: Process;
  let deps: ServingDeps;
  let plane: DataPlane;
  let trained: Trained;
  const stops: (() => Promise<void>)[] = [];
  let keys = 0;

  const ask = (
    tool: string,
    input: object,
    { request, receipts }: { request: string; receipts: Record<string, string> },
  ) =>
    call(givers.gateway, {
      ...{ tool, input: input as Record<string, unknown>, key: `k${keys++}`, deadline: Date.now() + 60_000, request },
      receipts: Object.values(receipts),
    });
  const deploy = async (version: number, more: Partial<Deployable> = {}) => {
    const shown = await signDeployable(givers, { trained, name: "clients_gone", version, asOf: null, ...more });
    const reply = await ask("ml.deploy_model", {}, shown);
    return { ...shown, reply, receipts: { ...shown.receipts, live: reply.given[0]!.id } };
  };
  const infer = async (
    rows: { tenure: number | null; plan: string | null; fee: number | null }[],
    name = "clients_gone",
  ) => {
    const input = (column: "tenure" | "plan" | "fee", datatype: string) => ({
      ...{ name: column, datatype, shape: [rows.length, 1] },
      data: rows.map((row) => row[column]),
    });
    const inputs = [input("tenure", "FP64"), input("plan", "BYTES"), input("fee", "FP64")];
    const response = await fetch(`${plane.url}/v2/models/${name}/infer`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ inputs }),
    });
    const body = (await response.json()) as {
      model_version: string;
      outputs: { name: string; data: (number | string)[] }[];
    };
    return { status: response.status, version: body.model_version, outputs: body.outputs };
  };
  const served = (version: number) =>
    vi.waitFor(
      async () => {
        const meta = await fetch(`${plane.url}/v2/models/clients_gone`);
        expect(((await meta.json()) as { versions?: string[] }).versions).toEqual([String(version)]);
      },
      { timeout: 15_000, interval: 50 },
    );

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...["pipeline", "governance", "ml"].map((name) => ({ name, kind: "agent" as const, of: name, file: "" })),
      { name: "ml-serving", kind: "serving", of: "ml", file: "" },
    ]);
    givers = {
      gateway: await bench.process("gateway"),
      ml: await bench.process("ml"),
      pipeline: await bench.process("pipeline"),
      governance: await bench.process("governance"),
    };
    deps = await openServingDeps(givers.ml);
    const ml = agent({
      name: "ml",
      does: "A test's agent with the tools around a live model.",
      tools: [deployModel, predict, detectModelDrift],
      open: async () => ({ deps }),
    });
    const host: Host = { process: givers.ml, agent: ml, opened: { deps } };
    const jobs = openJobs(bench.redisUrl, ml);
    stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    const opened = await bench.process("ml-serving");
    serving = { ...opened, config: { ...opened.config, serving: "127.0.0.1:0" } };
    plane = await openDataPlane(serving);
    trained = await clientsTrained(givers.ml.lake);
  }, 120_000);
  afterAll(async () => {
    await plane?.close();
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  test("answers from raw columns with the registered bytes as the reference does, and says ping", async () => {
    const { reply, model } = await deploy(1);
    expect(reply.output).toMatchObject({ name: "clients_gone", version: 1, hash: model });
    expect((reply.output as { url: string }).url).toMatch(/^http:\/\/.+\/v2\/models\/clients_gone\/infer$/);
    await served(1);
    const meta = (await (await fetch(`${plane.url}/v2/models/clients_gone`)).json()) as {
      inputs: { name: string }[];
      parameters: { hash: string };
    };
    expect(meta.parameters.hash).toBe(model);
    expect(meta.inputs.map(({ name }) => name)).toEqual(["id", "tenure", "plan", "fee"]);
    const rows = [
      { tenure: 3, plan: "monthly", fee: 30 },
      { tenure: 55, plan: "annual", fee: null },
    ];
    const answer = await infer(rows);
    const reference = predictFitted(trained.fitted, [
      { name: "tenure", type: "number", values: Float64Array.from(rows, (row) => row.tenure) },
      { name: "plan", type: "category", values: rows.map((row) => row.plan) },
      { name: "fee", type: "number", values: Float64Array.from(rows, (row) => row.fee ?? Number.NaN) },
      {
        name: "fee_log",
        type: "number",
        values: Float64Array.from(rows, (r) => (r.fee === null ? Number.NaN : Math.log1p(r.fee))),
      },
    ]);
    expect(answer.outputs[0]!.data).toEqual(reference.labels);
    for (const [row, p] of reference.probabilities[1]!.entries())
      expect(answer.outputs[1]!.data[2 * row + 1]).toBeCloseTo(p, 5);
    expect(await ping(givers.gateway.nats)).toEqual(["ml", "ml-serving"]);
  });

  test("a redeploy swaps under load: every request is answered, one champion, the earlier receipt taken back", async () => {
    const first = await deploy(1);
    await served(1);
    const other = await trainOnLake(givers.ml.lake, trained.problem, trained.scope, features, {
      candidate: "linear",
      scoringRole: "training",
    });
    let going = true;
    const versions: string[] = [];
    const load = (async () => {
      while (going) {
        const { status, version } = await infer([{ tenure: 5, plan: "monthly", fee: 40 }]);
        expect(status).toBe(200);
        versions.push(version);
      }
    })();
    const second = await deploy(2, { trained: other });
    await served(2);
    await infer([{ tenure: 5, plan: "monthly", fee: 40 }]).then(({ version }) => versions.push(version));
    going = false;
    await load;
    expect([...versions].sort()).toEqual(versions);
    expect(new Set(versions)).toEqual(new Set(["1", "2"]));
    const live = await deps.deployments.live();
    expect(live.map(({ name, version, hash }) => ({ name, version, hash }))).toEqual([
      { name: "clients_gone", version: 2, hash: second.model },
    ]);
    const standing = await givers.ml.evidence.standing("deployment.live", { deployment: "clients_gone" });
    expect(new Set(standing.map(({ about }) => about.model))).toEqual(new Set([second.model]));
    const history = await deps.deployments.history("clients_gone", 10);
    expect(history.filter(({ endedAt }) => endedAt === null).map(({ version }) => version)).toEqual([2]);
    expect(history.length).toBeGreaterThan(1);
    await expect(ask("ml.predict", {}, first)).rejects.toMatchObject({ code: "precondition_failed" });
  });

  test("deployed twenty times at once under one name, one champion stands", async () => {
    const versions = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        signDeployable(givers, { trained, name: "at_once", version: i + 1, asOf: null }),
      ),
    );
    await Promise.all(versions.map((shown) => ask("ml.deploy_model", {}, shown)));
    expect((await deps.deployments.live()).filter(({ name }) => name === "at_once")).toHaveLength(1);
    const revisions = (await deps.deployments.history("at_once", 50)).map(({ revision }) => revision);
    expect(revisions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test("refuses bytes that aren't the run's, and a graph that differs from the reference; nothing goes live", async () => {
    const deployable = { trained, name: "refused", version: 1, asOf: null };
    const foreign = await signDeployable(givers, deployable, { registered: "0".repeat(64) });
    await expect(ask("ml.deploy_model", {}, foreign)).rejects.toMatchObject({ code: "precondition_failed" });
    const calibration = { kind: "platt" as const, slope: 2, intercept: 1 };
    const other = await signDeployable(givers, { ...deployable, fitted: { ...trained.fitted, calibration } });
    await expect(ask("ml.deploy_model", {}, other)).rejects.toMatchObject({ code: "unfit" });
    expect(await deps.deployments.liveOf("refused")).toBeNull();
  });

  test("bad input and missing receipts are refused by name", async () => {
    const shown = await signDeployable(givers, { trained, name: "refused", version: 1, asOf: null });
    await expect(ask("ml.deploy_model", { name: "x" }, shown)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(ask("ml.predict", { rows: 1 }, shown)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(ask("ml.detect_model_drift", { deployment: "" }, shown)).rejects.toMatchObject({
      code: "invalid_input",
    });
    const { cleared: _, ...uncleared } = shown.receipts;
    await expect(ask("ml.deploy_model", {}, { ...shown, receipts: uncleared })).rejects.toMatchObject({
      data: { missing: ["deployment.cleared"] },
    });
    await expect(ask("ml.detect_model_drift", { deployment: "nobody" }, shown)).rejects.toMatchObject({
      data: { missing: ["deployment.live"] },
    });
  });

  test("scores every row with its reasons, and nothing of a person but the key", async () => {
    const shown = await deploy(3);
    const { output } = await ask("ml.predict", {}, shown);
    const { dataset, pin, rows } = output as { dataset: string; pin: string; rows: number };
    expect({ dataset, output }).toMatchObject({ dataset: "clients_gone_scores", output: { reasons: "tree_shap" } });
    const lake = givers.ml.lake;
    expect(rows).toBe((await lake.manifest(trained.pins.scoring)).rows);
    expect((await lake.manifest(pin)).columns.map(({ name }) => name)).toEqual([
      ...["id", "cutoff", "prediction", "probability_no", "probability_yes", "reason_1", "reason_2", "reason_3"],
      ...["model_version", "scored_at"],
    ]);
    const engine = await openPins(lake, { scores: pin });
    const scores = await engine.query("SELECT * FROM scores");
    engine.close();
    const matrix = await sampleMatrix(lake, trained.pins.scoring, trained.columns, 10_000);
    const reference = predictFitted(trained.fitted, matrix.columns);
    expect(scores.map((row) => row.id)).toEqual(matrix.entity);
    scores.forEach((row, i) => {
      expect(row.prediction).toBe(reference.labels![i]);
      expect(Math.abs((row.probability_yes as number) - reference.probabilities[1]![i]!)).toBeLessThan(1e-5);
    });
    const fees = scores.map((row) =>
      [row.reason_1, row.reason_2, row.reason_3].filter((r) => String(r).startsWith("fee")),
    );
    expect(Math.max(...fees.map((list) => list.length)), "fee and its logarithm are one raw column").toBe(1);
    expect(scores[0]!.reason_1).toMatch(
      /^(tenure|plan|fee) = .+ \(typical .+\), associated with a (higher|lower) score$/,
    );
    expect(JSON.stringify(scores)).not.toContain("@example.org");
  });

  test("8 predictions can't tell; 300 like the training rows haven't drifted; 300 others have", async () => {
    const shown = await deploy(4);
    await served(4);
    const check = async () =>
      (await ask("ml.detect_model_drift", { deployment: "clients_gone" }, shown)).output as {
        report: DriftReport;
        current: string;
      };
    const logged = async (count: number, tenure: (i: number) => number) => {
      await infer(
        Array.from({ length: count }, (_, i) => ({
          tenure: tenure(i),
          plan: i % 3 === 0 ? "annual" : "monthly",
          fee: i % 41 === 0 ? null : 20 + ((i * 13) % 80),
        })),
      );
      // A segment ends by age or with its writer.
      await plane.close();
      plane = await openDataPlane(serving);
      await served(4);
    };
    await logged(8, (i) => (i * 37) % 60);
    const few = await check();
    expect(few.report).toMatchObject({ verdict: "abstained", rows: { current: 8 }, reference: trained.pins.training });
    expect(few.current).toMatch(/^clients_gone_predictions@/);
    await logged(300, (i) => (i * 37) % 60);
    const same = await check();
    expect(same.report).toMatchObject({ verdict: "not_drifted", rows: { current: 308 } });
    await logged(900, (i) => 50 + (i % 10));
    const moved = await check();
    expect(moved.report.verdict).toBe("drifted");
    expect(moved.report.columns.find(({ name }) => name === "tenure")?.verdict).toBe("drifted");
    expect(moved.report.columns.find(({ name }) => name === "plan")?.verdict).toBe("not_drifted");
    const log = await givers.ml.lake.newest("clients_gone_predictions");
    expect(log).toMatchObject({ kind: "prediction_log", time: "__at" });
    expect(await landWaiting(deps, new Date())).toEqual([]);
  });

  test("beyond loopback it wants the home's token", async () => {
    const open = { ...serving, config: { ...serving.config, serving: "0.0.0.0:0" } };
    await expect(openDataPlane(open)).rejects.toMatchObject({ code: "unavailable" });
  });
});
