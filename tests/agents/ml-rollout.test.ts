import { agent } from "@muster/bus/agent.ts";
import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import { openSchedules } from "@muster/bus/schedule.ts";
import { serve } from "@muster/bus/serve.ts";
import type { MlDeps } from "@muster/ml/index.ts";
import { type DataPlane, openDataPlane } from "@muster/ml/serving/data-plane.ts";
import { openServingDeps, type ServingDeps } from "@muster/ml/serving/deps.ts";
import { openMlStore } from "@muster/ml/store.ts";
import { deployModel } from "@muster/ml/tools/deploy-model.ts";
import { retireModel } from "@muster/ml/tools/retire-model.ts";
import { rollbackDeployment } from "@muster/ml/tools/rollback-deployment.ts";
import type { Role } from "@muster/shared/domain/receipt.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { followRuns } from "../../agents/pipeline/schedules/follow-runs.ts";
import { openScheduleStore } from "../../agents/pipeline/schedules/store.ts";
import { openPipelineStore } from "../../agents/pipeline/store.ts";
import { type Bench, startBench } from "../support/process.ts";
import { accept, sign } from "../support/signing.ts";
import { clientsTrained } from "./clients.ts";
import { type Givers, signDeployable, type Trained } from "./deployable.ts";

const name = "clients_gone";
type Shown = Awaited<ReturnType<typeof signDeployable>>;

describe("what is live is taken back", () => {
  let bench: Bench;
  let givers: Givers;
  let deps: ServingDeps & Pick<MlDeps, "store">;
  let plane: DataPlane;
  let serving: Process;
  let trees: Trained;
  let linear: Trained;
  let second: Shown;
  const stops: (() => Promise<void>)[] = [];

  const deploy = async (trained: Trained, version: number) => {
    const shown = await signDeployable(givers, { trained, name, version, asOf: null });
    await call(givers.gateway, {
      ...{ tool: "ml.deploy_model", input: {}, key: newId("k"), deadline: Date.now() + 60_000, request: shown.request },
      receipts: Object.values(shown.receipts),
    });
    return shown;
  };
  /** Asks as somebody with a role. */
  const ask = async (tool: string, input: Record<string, unknown>, role: Role = "engineer") => {
    const request = newId("req");
    const receipts = [await accept(givers.gateway, request, { roles: [role] })];
    const on = { tool: `ml.${tool}`, input, receipts, request, key: newId("k"), deadline: Date.now() + 60_000 };
    return (await call(givers.gateway, on)).output as Record<string, unknown> & { verdict: string };
  };
  const live = async () => (await deps.deployments.liveOf(name))?.version ?? null;
  /** The models whose receipts say that they are live, the newest first. */
  const standing = async () =>
    (await deps.evidence.standing("deployment.live", { deployment: name })).map(({ about }) => about.model);
  const servedVersions = async () => {
    const meta = await fetch(`${plane.url}/v2/models/${name}`);
    return meta.status === 200 ? ((await meta.json()) as { versions: string[] }).versions : meta.status;
  };

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...["pipeline", "governance", "ml"].map((one) => ({ name: one, kind: "agent" as const, of: one, file: "" })),
      { name: "ml-serving", kind: "serving", of: "ml", file: "" },
    ]);
    const open = (one: string) => bench.process(one);
    givers = {
      ...{ gateway: await open("gateway"), ml: await open("ml") },
      ...{ pipeline: await open("pipeline"), governance: await open("governance") },
    };
    deps = {
      ...(await openServingDeps(givers.ml)),
      store: await openMlStore(givers.ml.pool),
    };
    const tools = [deployModel, rollbackDeployment, retireModel];
    const ml = agent({ name: "ml", does: "A test's agent.", tools, open: async () => ({ deps }) });
    stops.push(await serve({ process: givers.ml, agent: ml, opened: { deps } }, null));
    serving = await open("ml-serving");
    plane = await openDataPlane({ ...serving, config: { ...serving.config, serving: "127.0.0.1:0" } });
    trees = await clientsTrained(givers.ml.lake);
    linear = await clientsTrained(givers.ml.lake, "linear");
    await deploy(trees, 1);
    second = await deploy(linear, 2);
  }, 120_000);
  afterAll(async () => {
    await plane?.close();
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  test("only somebody who may deploy takes it back, to a version that was live; nothing changes otherwise", async () => {
    for (const [input, role, code] of [
      [{ deployment: name }, "analyst", "denied"],
      [{ deployment: "nobody" }, "engineer", "not_found"],
      [{ deployment: name, version: 2 }, "engineer", "conflict"],
      [{ deployment: name, version: 9 }, "engineer", "not_found"],
      [{ deployment: name, version: 0 }, "engineer", "invalid_input"],
    ] as const)
      await expect(ask("rollback_deployment", input, role)).rejects.toMatchObject({ code });
    expect([await live(), await standing()]).toEqual([2, [second.model]]);
  });

  test("the older version is served again with a receipt of its own; the newer one's is revoked; there is nothing before", async () => {
    await vi.waitFor(async () => expect(await servedVersions()).toEqual(["2"]), { timeout: 15_000 });
    const output = await ask("rollback_deployment", { deployment: name });
    expect(output).toMatchObject({ from: 2, to: 1 });
    expect(await live()).toBe(1);
    expect(await standing()).toEqual([output.hash]);
    expect(output.hash).not.toBe(second.model);
    await vi.waitFor(async () => expect(await servedVersions()).toEqual(["1"]), { timeout: 15_000 });
    await expect(ask("rollback_deployment", { deployment: name })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("live before were versions 2"),
    });
    expect(await ask("rollback_deployment", { deployment: name, version: 2 })).toMatchObject({ from: 1, to: 2 });
    await ask("rollback_deployment", { deployment: name, version: 1 });
  });

  test("a version whose evidence was taken back can't come back", async () => {
    const { store } = givers.governance.evidence;
    await store.revoke(store.db, second.receipts.view, "a person was erased");
    await expect(ask("rollback_deployment", { deployment: name, version: 2 })).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["view.registered"] },
    });
    expect([await live(), (await standing()).length]).toEqual([1, 1]);
  });

  test("a retired model is 404, its schedules end, and its versions can't be deployed", async () => {
    const { pool, evidence, log } = givers.pipeline;
    await openPipelineStore(pool);
    const store = openScheduleStore(pool);
    const schedules = openSchedules(bench.redisUrl);
    const watch = {
      ...{ id: "sch_watch", name: `watch_${name}`, deployment: name, person: "ada", purpose: "analytics" },
      ...{ budgetUsd: null, cron: "0 2 * * *", timeZone: "UTC", text: "", goals: [], arguments: {}, call: null },
      ...{ after: [], retries: 0, withinMinutes: null, paused: false, at: new Date().toISOString() },
    };
    await store.reading(async (trx, from) => {
      await store.save(trx, watch);
      await store.save(trx, { ...watch, id: "sch_other", name: "watch_other", deployment: "other" });
      return from;
    });
    const [model] = await standing();
    const watched = { schedule: watch.id, cron: watch.cron, nextRun: "2026-11-22T02:00:00.000Z" };
    await sign(givers.pipeline, "monitoring.started", { deployment: name, model }, watched);
    for (const [input, role, code] of [
      [{ name: "nobody" }, "engineer", "not_found"],
      [{ name, version: 7 }, "engineer", "not_found"],
      [{ name }, "analyst", "denied"],
    ] as const)
      await expect(ask("retire_model", input, role)).rejects.toMatchObject({ code });

    const third = await signDeployable(givers, { trained: trees, name, version: 1, asOf: null });
    await registered(third, 1);
    const output = await ask("retire_model", { name, reason: "replaced by a rule" });
    expect(output).toMatchObject({ versions: [1], down: 1, standing: { schedules: ["sch_watch"], scores: [] } });
    expect([await live(), await standing()]).toEqual([null, []]);
    await vi.waitFor(async () => expect(await servedVersions()).toBe(404), { timeout: 15_000 });
    const following = { store, schedules, evidence, log, now: () => new Date() };
    await vi.waitFor(async () => {
      await followRuns(following);
      expect((await store.list()).map(({ id }) => id)).toEqual(["sch_other"]);
    });
    expect(await evidence.standing("monitoring.started", { deployment: name })).toEqual([]);
    await expect(
      call(givers.gateway, {
        ...{ tool: "ml.deploy_model", input: {}, key: newId("k"), deadline: Date.now() + 60_000 },
        ...{ request: third.request, receipts: Object.values(third.receipts) },
      }),
    ).rejects.toMatchObject({ code: "precondition_failed", data: { missing: ["model.registered"] } });
    for (const [tool, input, code] of [
      ["retire_model", { name }, "conflict"],
      ["rollback_deployment", { deployment: name }, "not_found"],
    ] as const)
      await expect(ask(tool, input)).rejects.toMatchObject({ code });
    await schedules.close();
  });

  /** Writes a version into the registry as register_model does. */
  async function registered({ model }: Shown, version: number): Promise<void> {
    const { dataset, target, task, hash: problem } = trees.problem;
    const run = newId("run");
    const at = new Date().toISOString();
    const owner = { dataset, target, task, request: null, person: null };
    await deps.store.beginRun({
      ...{ ...owner, id: run, name, experiment: null, problem, key: run, reservation: "", startedAt: at },
    });
    await deps.evidence.store.db.transaction().execute((trx) =>
      deps.store.insertVersion(trx, {
        ...{ ...owner, name, version, hash: model, run, problem, view: trees.view.hash, metrics: {} },
        ...{ exploratory: false, at },
      }),
    );
  }
});
