import { openTrackingStore } from "@muster/ml/experiments/store.ts";
import { openMlflow } from "@muster/ml/mlflow/client.ts";
import { mirrorOutbox } from "@muster/ml/mlflow/follow.ts";
import { openMirrorStore } from "@muster/ml/mlflow/store.ts";
import { openDeploymentStore } from "@muster/ml/serving/store.ts";
import { openDatabase } from "@muster/shared/database/open.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startMlflow } from "../support/mlflow-server.ts";
import { askFrom } from "../support/signing.ts";
import { type MlBench, output, type Shown, startMl, visitors } from "./trainable.ts";

let at: MlBench;
let server: Awaited<ReturnType<typeof startMlflow>>;
let shown: Shown;
let run: RunResult;
const logged: string[] = [];
const note = (fields: object, message: string) => void logged.push(JSON.stringify([fields, message]));
const token = "a-token-of-nobody";
let mirror: () => Promise<number>;

beforeAll(async () => {
  at = await startMl();
  server = await startMlflow();
  const { pool, evidence } = at.by.ml!;
  const mlflow = openMlflow({
    ...{ mlflowUrl: server.url, mlflowToken: token, mlflowUser: undefined, mlflowPassword: undefined },
    privateHosts: server.host,
  })!;
  const on = {
    ...{ mlflow, evidence, tracking: await openTrackingStore(pool), mirror: await openMirrorStore(pool) },
    ...{ deployments: await openDeploymentStore(pool), now: () => new Date("2026-07-01T00:00:00Z") },
    log: { debug: note, info: note, warn: note, error: note },
  };
  mirror = async () => {
    for (let all = 0; ; ) {
      const read = await mirrorOutbox(on);
      all += read;
      if (read === 0) return all;
    }
  };
  const pin = await at.load("leavers", visitors(31));
  shown = await at.prepared(pin, { target: "gone" });
  run = output<RunResult>(await at.step("train_model", shown));
}, 120_000);
afterAll(async () => {
  await at?.stop();
  await server?.stop();
});

const write = async <T>(tool: string, input: Record<string, unknown>) => {
  const asked = await at.request();
  return output<T>(
    await askFrom(at.door, { tool: `ml.${tool}`, input, receipts: [asked.accepted!], request: asked.$request! }),
  );
};
const log = (input: Record<string, unknown>) => write<{ run: string }>("log_metrics", input);
const remoteOf = (id: string) => [...server.runs.values()].filter((one) => one.tags.get("muster.run") === id);
const values = (id: string, key: string) =>
  remoteOf(id)[0]!
    .metrics.filter((metric) => metric.key === key)
    .map(({ step, value }) => [step, value]);

test("a training stands there with its parameters, figures, code and data, and ended", async () => {
  expect(await mirror()).toBeGreaterThan(0);
  const [remote, ...more] = remoteOf(run.run);
  expect(more).toEqual([]);
  expect(remote!.info.status).toBe("FINISHED");
  expect(remote!.info.end_time).toBeGreaterThan(1.7e12);
  expect(remote!.params.get("algorithm")).toBe(run.algorithm);
  expect(values(run.run, "cv.roc_auc")).toEqual([[0, run.cv.roc_auc!.mean]]);
  expect(remote!.tags.get("muster.model")).toBe(run.model);
  expect(remote!.tags.get("muster.data")).toContain(run.training);
  expect(remote!.tags.get("mlflow.user")).toBe("ada");
  expect(server.heard.every(({ authorization, status }) => authorization === `Bearer ${token}` && status < 500)).toBe(
    true,
  );
  expect(await mirror()).toBe(0);
});

test("a run of one's own is sent in bodies that keep MLflow's limits, each value once", async () => {
  await write("create_experiment", { name: "by_hand" });
  const { run: own } = await log({ experiment: "by_hand" });
  const list = (count: number) => Array.from({ length: count }, (_, i) => i / 7);
  for (let part = 0; part < 3; part++) await log({ run: own, metrics: { loss: list(900) }, step: part * 900 });
  await log({
    run: own,
    params: Object.fromEntries(list(150).map((v, i) => [`p${i}`, v])),
    tags: { long: "x".repeat(4999) },
  });
  await mirror();
  expect([...server.experiments.keys()]).toContain("by_hand");
  expect(values(own, "loss")).toHaveLength(2700);
  expect(values(own, "loss").at(-1)).toEqual([2699, 899 / 7]);
  expect(remoteOf(own)[0]!.params.size).toBe(150);
  const before = server.heard.filter(({ call }) => call === "POST runs/log-batch").length;
  await log({ run: own, metrics: { loss: 1 }, step: 9999, status: "failed" });
  await mirror();
  // Two of parameters, one of tags, and one with the single new value.
  expect(server.heard.filter(({ call }) => call === "POST runs/log-batch").length - before).toBe(4);
  expect(remoteOf(own)[0]!.info.status).toBe("FAILED");
});

test("versions and aliases follow in order; what goes live is the champion and no challenger any more", async () => {
  await at.step("evaluate_model", shown);
  await at.step("register_model", shown);
  await write("set_model_alias", { model: "gone", alias: "challenger", version: 1 });
  await mirror();
  expect(server.versions).toMatchObject([
    {
      name: "gone",
      version: "1",
      run_id: remoteOf(run.run)[0]!.info.run_id,
      tags: [{ key: "muster.version", value: "1" }, {}],
    },
  ]);
  expect(values(run.run, "holdout.roc_auc")).toHaveLength(1);
  expect(Object.fromEntries(server.models.get("gone")!)).toEqual({ challenger: "1" });
  const { pool, evidence } = at.by.ml!;
  const deployments = await openDeploymentStore(pool);
  await openDatabase<never>(pool)
    .transaction()
    .execute(async (trx) => {
      await deployments.replace(trx as never, {
        ...{ id: "dep_1", name: "gone", version: 1, hash: run.model, alias: "champion", package: "p" },
        ...{ request: null, person: null, at: "2026-07-01T00:00:00Z" },
      });
      await evidence.store.emit(trx, "ml.deployment_changed", { name: "gone", version: 1, hash: run.model });
    });
  await mirror();
  expect(Object.fromEntries(server.models.get("gone")!)).toEqual({ champion: "1" });
});

test("while the server is away nothing is lost, and nothing is there twice after a crash in mid-way", async () => {
  const { run: own } = await log({ experiment: "by_hand", name: "unlucky" });
  server.fail((call) => (call === "POST runs/log-batch" ? 503 : null));
  await log({ run: own, metrics: { loss: [3, 2] }, params: { depth: 3 } });
  await expect(mirror()).rejects.toMatchObject({ code: "unavailable" });
  // As if the process had ended between the creation there and the note here.
  await at.by.ml!.pool.query("delete from ml.mlflow_run where run = $1", [own]);
  await expect(mirror()).rejects.toMatchObject({ code: "unavailable" });
  server.fail(() => null);
  await mirror();
  expect(remoteOf(own)).toHaveLength(1);
  expect(values(own, "loss")).toEqual([
    [0, 3],
    [1, 2],
  ]);
});

test("what the server refuses for good is noted and passed over; what comes after it isn't held up", async () => {
  const { run: first } = await log({ experiment: "by_hand", params: { depth: 1 } });
  await mirror();
  // Somebody set it there to something else: MLflow's parameters are final.
  remoteOf(first)[0]!.params.set("width", "9");
  await log({ run: first, params: { width: 2 } });
  const { run: next } = await log({ experiment: "by_hand", metrics: { loss: 1 } });
  await mirror();
  expect(values(next, "loss")).toEqual([[0, 1]]);
  const { rows } = await at.by.ml!.pool.query("select event, status, code from ml.mlflow_refused");
  expect(rows).toEqual([{ event: "ml.run_logged", status: 400, code: "INVALID_PARAMETER_VALUE" }]);
  expect(logged.join()).toContain("MLflow refuses an event");
  expect(logged.join()).not.toContain(token);
});

test("a private address is refused unless it is allowed; without a server, or one of files, nothing is mirrored", async () => {
  const settings = {
    mlflowToken: undefined,
    mlflowUser: undefined,
    mlflowPassword: undefined,
    privateHosts: undefined,
  };
  const closed = openMlflow({ ...settings, mlflowUrl: server.url })!;
  const before = server.heard.length;
  await expect(closed.post("runs/search", {})).rejects.toMatchObject({ code: "denied" });
  expect(server.heard).toHaveLength(before);
  expect(openMlflow({ ...settings, mlflowUrl: undefined })).toBeNull();
  expect(openMlflow({ ...settings, mlflowUrl: "file:///tmp/mlruns" })).toBeNull();
  const named = openMlflow({
    ...settings,
    mlflowUrl: server.url.replace("//", "//ann:p%40ss@"),
    privateHosts: server.host,
  })!;
  await named.get("experiments/get-by-name", { experiment_name: "by_hand" });
  expect(server.heard.at(-1)!.authorization).toBe(`Basic ${Buffer.from("ann:p@ss").toString("base64")}`);
});
