import { openSchedules } from "@muster/bus/schedule.ts";
import { deployModel } from "@muster/ml/tools/deploy-model.ts";
import { retireModel } from "@muster/ml/tools/retire-model.ts";
import { rollbackDeployment } from "@muster/ml/tools/rollback-deployment.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { followRuns } from "../../agents/pipeline/schedules/follow-runs.ts";
import { openScheduleStore } from "../../agents/pipeline/schedules/store.ts";
import { openPipelineStore } from "../../agents/pipeline/store.ts";
import { sign } from "../support/signing.ts";
import { clientsTrained } from "./clients.ts";
import type { Trained } from "./deployable.ts";
import { type LiveBench, type Shown, startLive } from "./live.ts";

/** Machines are slow at times. */
const patient = { timeout: 30_000 };

const name = "clients_gone";

describe("what is live is taken back", () => {
  let at: LiveBench;
  let trees: Trained;
  let second: Shown;

  beforeAll(async () => {
    at = await startLive(name, [deployModel, rollbackDeployment, retireModel]);
    trees = await clientsTrained(at.givers.ml.lake);
    await at.deploy(trees, 1);
    second = await at.deploy(await clientsTrained(at.givers.ml.lake, "linear"), 2);
  }, 120_000);
  afterAll(async () => {
    await at?.stop();
  });

  test("only somebody who is cleared for it takes it back, to a version that was live; nothing changes otherwise", async () => {
    for (const [input, cleared, code] of [
      [{ deployment: name }, false, "precondition_failed"],
      [{ deployment: "nobody" }, true, "not_found"],
      [{ deployment: name, version: 2 }, true, "conflict"],
      [{ deployment: name, version: 9 }, true, "not_found"],
      [{ deployment: name, version: 0 }, true, "invalid_input"],
    ] as const)
      await expect(at.ask("rollback_deployment", input, { cleared })).rejects.toMatchObject({ code });
    expect([await at.live(), await at.standing()]).toEqual([2, [second.model]]);
  });

  test("the older version is served again with a receipt of its own; the newer one's is revoked; there is nothing before", async () => {
    await at.served(["2"]);
    const output = await at.ask("rollback_deployment", { deployment: name });
    expect(output).toMatchObject({ from: 2, to: 1 });
    expect(await at.live()).toBe(1);
    expect(await at.standing()).toEqual([output.hash]);
    expect(output.hash).not.toBe(second.model);
    await at.served(["1"]);
    await expect(at.ask("rollback_deployment", { deployment: name })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("live before were versions 2"),
    });
    expect(await at.ask("rollback_deployment", { deployment: name, version: 2 })).toMatchObject({ from: 1, to: 2 });
    await at.ask("rollback_deployment", { deployment: name, version: 1 });
  });

  test("a version whose evidence was taken back can't come back", async () => {
    const { store } = at.givers.governance.evidence;
    await store.revoke(store.db, second.receipts.view, "a person was erased");
    await expect(at.ask("rollback_deployment", { deployment: name, version: 2 })).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["view.registered"] },
    });
    expect([await at.live(), (await at.standing()).length]).toEqual([1, 1]);
  });

  test("a retired model is 404, its schedules end, and its versions can't be deployed", async () => {
    const { pool, evidence, log } = at.givers.pipeline;
    await openPipelineStore(pool);
    const store = openScheduleStore(pool);
    const schedules = openSchedules(at.bench.redisUrl);
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
    const [model] = await at.standing();
    const watched = { schedule: watch.id, cron: watch.cron, nextRun: "2026-11-22T02:00:00.000Z" };
    await sign(at.givers.pipeline, "monitoring.started", { deployment: name, model }, watched);
    for (const [input, cleared, code] of [
      [{ name: "nobody" }, true, "not_found"],
      [{ name, version: 7 }, true, "not_found"],
      [{ name }, false, "precondition_failed"],
    ] as const)
      await expect(at.ask("retire_model", input, { cleared })).rejects.toMatchObject({ code });
    // Cleared to retire another model, or to roll this one back.
    for (const about of [
      { deployment: "other", retire: "other" },
      { deployment: name, roll_back: name },
    ]) {
      const yes = { policies: ["test"], reasons: [] };
      const shows = async (request: string) => [
        await sign(at.givers.governance, "change.cleared", { ...about, person: "ada", purpose: "analytics" }, yes, {
          request,
          person: "ada",
        }),
      ];
      await expect(at.ask("retire_model", { name }, { cleared: false, shows })).rejects.toMatchObject({
        code: "precondition_failed",
        data: { missing: ["change.cleared"] },
      });
    }

    const third = await at.signed(trees, 1);
    await at.registered(trees, third, 1);
    const output = await at.ask("retire_model", { name, reason: "replaced by a rule" });
    expect(output).toMatchObject({ versions: [1], down: 1, standing: { schedules: ["sch_watch"], scores: [] } });
    expect([await at.live(), await at.standing()]).toEqual([null, []]);
    await at.served(404);
    const following = { store, schedules, evidence, log, now: () => new Date() };
    await vi.waitFor(async () => {
      await followRuns(following);
      expect((await store.list()).map(({ id }) => id)).toEqual(["sch_other"]);
    }, patient);
    expect(await evidence.standing("monitoring.started", { deployment: name })).toEqual([]);
    await expect(at.on("deploy_model", {}, third.request, Object.values(third.receipts))).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["model.registered"] },
    });
    for (const [tool, input, code] of [
      ["retire_model", { name }, "conflict"],
      ["rollback_deployment", { deployment: name }, "not_found"],
    ] as const)
      await expect(at.ask(tool, input)).rejects.toMatchObject({ code });
    await schedules.close();
  });
});
