import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { type GovernanceDeps, governance } from "@muster/governance/index.ts";
import { sha256 } from "@muster/shared/canonical.ts";
import { openPool } from "@muster/shared/database/open.ts";
import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import { type FactName, type FactValue, facts } from "@muster/shared/fact/table.ts";
import { smallestValue } from "@muster/shared/smallest-value.ts";
import { publishPlaced } from "@muster/shared/warehouse/publish.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { accept, askFrom, confirm, sign } from "../support/signing.ts";

type Collected = {
  removed: boolean;
  versions: { pin: string; why: string }[];
  kept: { pin: string; why: string }[];
  overdue: { pin: string }[];
  artifacts: { count: number };
  orphans: { count: number; bytes: number };
  bytes: number;
};

const dayMs = 86_400_000;

describe("retention and garbage collection, on real servers", () => {
  let bench: Bench;
  let [door, own, ml, quality] = [] as unknown as Process[];
  let deps: GovernanceDeps;
  let admin: ReturnType<typeof openPool>;
  const stops: (() => Promise<void>)[] = [];
  let requests = 0;

  const write = async (name: string, n: number, kind: "source" | "features" = "source"): Promise<DatasetPin> => {
    const now = new Date(Date.now() - (9.5 - n) * dayMs);
    const sql = `SELECT ${n} AS version, range AS row FROM range(${100 * n})`;
    const { version } = await writeQuery(own!.lake, { name, kind, sql, inputs: [], origin: "a test", now });
    return pinOf(name, version);
  };
  const versions = async (name: string, count: number, kind: "source" | "features" = "source") => {
    const pins: DatasetPin[] = [];
    for (let n = 1; n <= count; n++) pins.push(await write(name, n, kind));
    return pins;
  };
  const smallest = <F extends FactName>(fact: F, more: Partial<FactValue<F>>): FactValue<F> =>
    ({ ...(smallestValue(facts[fact].value, { members: 0 }) as FactValue<F>), ...more }) as FactValue<F>;
  async function asked<T>(tool: string, input: Record<string, unknown>): Promise<T> {
    const request = `req_${++requests}`;
    const receipts = [await accept(door!, request), await confirm(door!, request, tool, input)];
    return (await askFrom(door!, { tool, input, receipts, request })).output as T;
  }
  const collect = (input: Record<string, unknown> = {}) => asked<Collected>("governance.collect_garbage", input);
  const keep = (input: Record<string, unknown>) => asked("governance.set_retention", { reason: "a test", ...input });
  const standing = async (pin: string) => existsSync(own!.lake.file(pin));

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...["governance", "ml", "pipeline", "quality"].map((name) => ({
        ...{ name, kind: "agent" as const, of: name, file: "" },
      })),
    ]);
    [door, own, ml, quality] = await Promise.all(
      ["gateway", "governance", "ml", "quality"].map((name) => bench.process(name)),
    );
    const opened = await governance.open(own!);
    deps = opened.deps as GovernanceDeps;
    const host = { process: own!, agent: governance, opened };
    const jobs = openJobs(bench.redisUrl, governance);
    stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    admin = openPool({ url: bench.databaseUrl, schema: "evidence" });
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await admin?.end();
    await bench?.stop();
  });

  test("nothing goes without a rule; a rule says first what would go, and then only that", async () => {
    const pins = await versions("sales", 5);
    expect(await collect()).toMatchObject({ versions: [], bytes: 0 });
    await keep({ dataset: "sales", versions: 2 });
    const plan = await collect();
    expect(plan.versions.map(({ pin }) => pin).sort()).toEqual(pins.slice(0, 3).sort());
    expect(plan.removed).toBe(false);
    expect(await Promise.all(pins.map(standing))).toEqual([true, true, true, true, true]);
    await expect(collect({ remove: true })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(collect({ remove: true, bytes: plan.bytes + 1 })).rejects.toMatchObject({ code: "conflict" });
    const receipt = await sign(quality!, "dataset.profiled", { dataset: pins[0] }, smallest("dataset.profiled", {}));
    await collect({ remove: true, bytes: plan.bytes });
    expect(await Promise.all(pins.map(standing))).toEqual([false, false, false, true, true]);
    expect((await own!.evidence.store.spent([receipt])).map(({ key }) => key)).toEqual([null]);
    await expect(own!.lake.resolve(pins[0]!)).rejects.toMatchObject({
      message: expect.stringMatching(/removed by its retention/),
    });
    expect(await collect()).toMatchObject({ versions: [], bytes: 0 });
  });

  test("a version that either bound keeps stays", async () => {
    const pins = await versions("stock", 5);
    // Replaced seven and a half days ago, six and a half, and so on.
    await keep({ dataset: "stock", versions: 2, days: 7 });
    expect((await collect()).versions.map(({ pin }) => pin)).toEqual([pins[0]]);
    await keep({ dataset: "stock" });
  });

  test("a table that stays in a warehouse has no version that could go, and frees nothing", async () => {
    const place = { source: "shop", schema: "shop", table: "stays", types: { id: "int4" } };
    for (const [n, version] of ["a", "b", "c"].map((digit) => digit.repeat(64)).entries())
      await publishPlaced(own!.lake, {
        ...{ name: "stays", version, rows: 10, bytes: 8192, columns: [{ name: "id", type: "integer" }] },
        ...{ time: null, arrived: null, declared: [], place, now: new Date(Date.now() - (9 - n) * dayMs) },
      });
    await keep({ dataset: "stays", versions: 1 });
    expect(await collect()).toMatchObject({ versions: [], kept: [], overdue: [], bytes: 0 });
    expect(await own!.lake.versions("stays")).toHaveLength(3);
  });

  test("what a registered model, a running request or a legal hold needs stays, with the reason", async () => {
    const matrix = await versions("m_training", 4, "features");
    const source = await versions("base", 4);
    const about = {
      problem: "p1",
      scope: [source[0]!],
      view: "v1",
      training: matrix[0]!,
      model: "m1",
      purpose: "analytics",
    };
    await sign(ml!, "model.registered", about, { name: "m", version: 1, hash: "m1" });
    await sign(ml!, "run.finished", { ...about, training: matrix[1]! }, smallest("run.finished", {}), {
      request: "req_running",
    });
    await keep({ kind: "features", versions: 1 });
    await keep({ dataset: "base", versions: 1 });
    const plan = await collect();
    const whys = new Map(plan.kept.map(({ pin, why }) => [pin, why]));
    expect(whys.get(matrix[0]!)).toMatch(/registered model/);
    expect(whys.get(matrix[1]!)).toMatch(/running/);
    expect(whys.get(source[0]!)).toMatch(/registered model|running/);
    expect(plan.versions.map(({ pin }) => pin)).toEqual(expect.arrayContaining([matrix[2], source[1], source[2]]));
    const planner = { event: "planner.request_ended", payload: JSON.stringify({ request: "req_running" }) };
    await admin.query("insert into evidence.outbox (event, payload, by) values ($1, $2, 'planner')", [
      planner.event,
      planner.payload,
    ]);
    expect((await collect()).versions.map(({ pin }) => pin)).toContain(matrix[1]);
    await keep({ dataset: "base", versions: 1, hold: true });
    const held = await collect();
    expect(held.versions.map(({ pin }) => pin)).not.toContain(source[1]);
    expect(held.kept.find(({ pin }) => pin === source[1])?.why).toMatch(/legal hold/);
  });

  test("a policy's days hold beside a person's rule, only ever get shorter, and name the newest that is overdue", async () => {
    const pins = await versions("logs", 3);
    await keep({ dataset: "logs", versions: 10 });
    const at = new Date().toISOString();
    const oblige = (days: number) =>
      own!.evidence.store.db
        .transaction()
        .execute((trx) => deps.store.retention.oblige(trx, { dataset: "logs", days, policy: "keep-short", at }));
    await oblige(8);
    await oblige(30);
    const plan = await collect();
    const ours = plan.versions.filter(({ pin }) => pin.startsWith("logs@"));
    expect(ours).toMatchObject([{ pin: pins[0], why: expect.stringMatching(/8 days \(keep-short\)/) }]);
    await oblige(1);
    const shorter = await collect();
    expect(shorter.versions.map(({ pin }) => pin)).toEqual(expect.arrayContaining([pins[0], pins[1]]));
    expect(shorter.overdue.map(({ pin }) => pin)).toContain(pins[2]);
  });

  test("artifacts that nothing names go when they are old; named ones, and those stored anew, stay", async () => {
    const put = async (text: string, days: number) => {
      const hash = sha256(text);
      await ml!.evidence.store.putArtifact(hash, "application/octet-stream", Buffer.from(text));
      await admin.query("update evidence.artifact set at = now() - make_interval(days => $2) where hash = $1", [
        hash,
        days,
      ]);
      return hash;
    };
    const [loose, young, named, again] = [await put("a", 9), await put("b", 2), await put("c", 9), await put("d", 9)];
    await sign(
      ml!,
      "model.registered",
      { problem: "p", scope: [], view: "v", training: "t", model: named, purpose: "x" },
      {
        ...{ name: "c", version: 1, hash: named! },
      },
    );
    await ml!.evidence.store.putArtifact(again!, "application/octet-stream", Buffer.from("d"));
    const plan = await collect();
    expect(plan.artifacts.count).toBe(1);
    await collect({ remove: true, bytes: plan.bytes });
    const { rows } = await admin.query("select hash from evidence.artifact where hash = any($1)", [
      [loose, young, named, again],
    ]);
    expect(rows.map(({ hash }) => hash).sort()).toEqual([young, named, again].sort());
    await expect(ml!.pool.query("select evidence.drop_artifacts($1)", [[named]])).rejects.toMatchObject({
      code: "42501",
    });
    await expect(
      admin.query("update evidence.artifact set media = 'x' where hash = $1", [named]),
    ).rejects.toMatchObject({
      code: "42501",
    });
  });

  test("what crashes left goes when nobody can be at it any more", async () => {
    const files = [
      join(own!.lake.folder, ".scratch", "old.parquet"),
      join(own!.lake.folder, ".scratch", "new.parquet"),
    ];
    for (const file of files) writeFileSync(file, "x".repeat(50));
    utimesSync(files[0]!, new Date(0), new Date(0));
    const lost = join(own!.lake.folder, "sales", `${"0".repeat(64)}.parquet`);
    writeFileSync(lost, "y".repeat(70));
    utimesSync(lost, new Date(0), new Date(0));
    const plan = await collect();
    expect(plan.orphans).toEqual({ count: 2, bytes: 120 });
    await collect({ remove: true, bytes: plan.bytes });
    expect([...files, lost].map((file) => existsSync(file))).toEqual([false, true, false]);
  });

  test("says what is wrong with a rule, and for whom", async () => {
    for (const input of [{}, { dataset: "sales", kind: "source" }])
      await expect(keep(input)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(keep({ dataset: "nothing" })).rejects.toMatchObject({ code: "not_found" });
    await expect(keep({ dataset: "sales", versions: 0 })).rejects.toMatchObject({ code: "invalid_input" });
  });
});
