import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Call, call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { catalog } from "@muster/catalog/index.ts";
import { readLineage } from "@muster/catalog/lineage/read-outbox.ts";
import { patientSending, projecting, sendLineage } from "@muster/catalog/lineage/send.ts";
import { type CatalogStore, openCatalogStore } from "@muster/catalog/store.ts";
import { datasetNode, type LineageRecord, lineageRecorded } from "@muster/shared/domain/lineage.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { Connection, keepConnection } from "@muster/shared/warehouse/connection.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startReceiver } from "../support/lineage-receiver.ts";
import { event, madeOf, of } from "../support/open-lineage-events.ts";
import { againstPractice, againstSpec } from "../support/open-lineage-spec.ts";
import { type Bench, startBench } from "../support/process.ts";

type Lineage = {
  up: Record<string, string[]> | null;
  down: Record<string, string[]> | null;
  nodes: { id: string; depth: number; direction: string | null; versions: number }[];
  edges: { from: string; to: string; job: string; how: string[]; origin: string }[];
  counts: { nodes: number; edges: number };
  graph: string | null;
  truncated: boolean;
  verdict: string;
};

describe("lineage on real servers", () => {
  let bench: Bench;
  let door: Process;
  let process: Process;
  let store: CatalogStore;
  let receipts: string[];
  const stops: (() => Promise<void>)[] = [];
  const request = "req_lineage";

  beforeAll(async () => {
    bench = await startBench();
    door = await bench.process("gateway");
    process = await bench.process("catalog");
    const host: Host = { process, agent: catalog, opened: await catalog.open(process) };
    const jobs = openJobs(bench.redisUrl, catalog);
    stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    store = await openCatalogStore(process.pool);
    mkdirSync(inboxFolder(bench.home), { recursive: true });
    receipts = [await accept(["engineer"])];
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  const accept = async (roles: string[], person = "ada") => {
    const about = { request, person, purpose: "analytics" };
    const more = { budgetUsd: null, autonomy: "act" as const, textHash: "", schedule: null };
    const value = { ...about, roles, ...more };
    const fact = { fact: "request.accepted" as const, about, verdict: "passed" as const, request, person };
    return (await door.evidence.give({ ...fact, uses: [], value })).id;
  };
  const ask = (tool: string, input: Record<string, unknown>, more: Partial<Call> = {}) =>
    call(door, { tool, input, receipts, request, key: newId("k"), deadline: Date.now() + 60_000, ...more });
  const put = (name: string, text: string) => writeFileSync(join(inboxFolder(bench.home), name), text);
  const load = async (file: string) => (await ask("catalog.register_dataset", { file })).output as { version: string };
  const read = () => readLineage({ store, evidence: process.evidence, log: process.log });
  const lineage = async (input: Record<string, unknown>) => (await ask("catalog.get_lineage", input)).output as Lineage;
  const record = async (event: object) =>
    (await ask("catalog.record_lineage", { event })).output as { recorded: boolean; ours: string[] };

  test("what was loaded while nobody read stands in the outbox, and is in the graph once it is read, once", async () => {
    put("shops.csv", "shop_id,size\n1,2\n2,3\n3,5\n");
    await load("shops.csv");
    expect(await store.lineage.unsent(10)).toEqual([]);
    expect((await lineage({ dataset: "shops" })).counts).toEqual({ nodes: 1, edges: 0 });
    // The process that loaded it is gone; another one reads on where nothing was read.
    expect(await read()).toBe(1);
    expect(await read()).toBe(0);
    const found = await lineage({ dataset: "shops", direction: "up" });
    expect(found.up!.datasets).toEqual(["file inbox/shops.csv"]);
    expect(found.edges).toEqual([
      expect.objectContaining({
        from: "dataset file inbox/shops.csv",
        to: "dataset shops",
        job: "catalog.register_dataset",
      }),
    ]);
    const column = await lineage({ dataset: "shops.size", direction: "up" });
    expect(column.up!.columns).toEqual(["file inbox/shops.csv.size"]);
    expect(column.edges[0]!.how).toEqual(["DIRECT IDENTITY"]);
  });

  test("a call that is delivered again is the same run; one that fails is told as failed and makes no edge", async () => {
    put("depots.csv", "depot_id,size\n1,2\n2,3\n3,5\n");
    const key = newId("k");
    await ask("catalog.register_dataset", { file: "depots.csv" }, { key });
    await ask("catalog.register_dataset", { file: "depots.csv" }, { key });
    await expect(ask("catalog.register_dataset", { file: "gone.csv" })).rejects.toMatchObject({ code: "not_found" });
    expect(await read()).toBe(2);
    const records = (await store.lineage.unsent(10)).map((one) => one.record);
    expect(records.map(({ state, outputs }) => [state, outputs.length])).toEqual([
      ["completed", 1],
      ["completed", 1],
      ["failed", 0],
    ]);
    expect(records[2]).toMatchObject({ error: { code: "not_found" }, inputs: [{ name: "inbox/gone.csv" }] });
    await expect(lineage({ dataset: "gone" })).rejects.toMatchObject({ code: "not_found" });
    await expect(lineage({ dataset: "inbox/gone.csv", namespace: "file" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("a record that isn't its sayer's to say is left out, and what comes after it is read", async () => {
    const forged: LineageRecord = {
      ...{ run: "01234567-89ab-8def-8123-0000000000ff", origin: "ours", job: { namespace: "", name: "ml.predict" } },
      ...{ state: "completed", startedAt: null, endedAt: null, request: null, error: null },
      inputs: [datasetNode("shops")],
      outputs: [datasetNode("forged")],
    };
    const quality = await bench.process("quality");
    await quality.evidence.store.emit(quality.evidence.store.db, lineageRecorded, forged);
    await quality.evidence.store.emit(quality.evidence.store.db, lineageRecorded, { nonsense: true });
    put("vans.csv", "van_id,size\n1,2\n2,3\n3,5\n");
    await load("vans.csv");
    expect(await read()).toBe(3);
    expect((await lineage({ dataset: "shops", direction: "down" })).down!.datasets).toEqual([]);
    expect((await lineage({ dataset: "vans", direction: "up" })).up!.datasets).toEqual(["file inbox/vans.csv"]);
  });

  test("events of others are accepted in parts and once each; what isn't lineage is left out", async () => {
    const inputs = [of("raw.orders", { sql: { query: "SELECT secret" } }), of("raw.rates")];
    const outputs = [
      of(
        "shops",
        madeOf({
          size: [
            ["raw.orders", "amount"],
            ["raw.rates", "rate"],
          ],
        }),
        "muster",
      ),
    ];
    expect(await record(event("START", "1", { inputs }))).toMatchObject({ recorded: true, ours: [] });
    expect((await lineage({ dataset: "shops.size", direction: "up" })).up!.datasets).toEqual(["file inbox/shops.csv"]);
    const complete = event("COMPLETE", "1", { outputs });
    expect(await record(complete)).toMatchObject({ recorded: true, ours: ["shops"] });
    expect(await record(complete)).toMatchObject({ recorded: false });
    expect(await record({ ...complete, outputs: [of("shops", {}, "elsewhere")] })).toMatchObject({ recorded: false });
    const down = await lineage({
      dataset: "raw.orders",
      namespace: "snowflake://acme",
      column: "amount",
      direction: "down",
    });
    expect(down.down!.columns).toEqual(["shops.size"]);
    expect(down.edges.every(({ origin, job }) => origin === "external" && job === "airflow dag.1")).toBe(true);
    const up = await lineage({ dataset: "shops", direction: "up" });
    expect(up.up!.datasets).toEqual([
      "file inbox/shops.csv",
      "snowflake://acme raw.orders",
      "snowflake://acme raw.rates",
    ]);
    const stored = await process.pool.query("select record::text as text from catalog.lineage_run");
    expect(stored.rows.some(({ text }) => text.includes("secret"))).toBe(false);
    expect(stored.rows.some(({ text }) => text.includes("raw.orders"))).toBe(true);
  });

  test("a run of others that failed makes no edge", async () => {
    await record(event("START", "2", { inputs: [of("raw.orders")], outputs: [of("broken")] }));
    await record(event("FAIL", "2", { inputs: [of("raw.orders")], outputs: [of("broken")] }));
    const { down } = await lineage({ dataset: "raw.orders", namespace: "snowflake://acme", direction: "down" });
    expect(down!.datasets).toEqual(["shops"]);
  });

  test("a job that tells no columns may carry any of them on", async () => {
    await record(event("COMPLETE", "3", { inputs: [of("shops", {}, "muster")], outputs: [of("mart.shops")] }));
    const { down, edges } = await lineage({ dataset: "shops.size", direction: "down" });
    expect(down!.datasets).toEqual(["snowflake://acme mart.shops"]);
    expect(edges.map(({ how }) => how)).toEqual([["unknown columns"]]);
    const other = await lineage({
      dataset: "raw.orders",
      namespace: "snowflake://acme",
      column: "note",
      direction: "down",
    });
    expect(other.down!.datasets).toEqual([]);
  });

  test("a table of a connected warehouse is the same dataset under its name in the world, both ways", async () => {
    await keepConnection(
      bench.home,
      Connection.parse({
        ...{ name: "crm", kind: "postgres", host: "Db.example", port: 5432, database: "sales" },
        ...{ user: "reader", password: { in: "nowhere" } },
      }),
    );
    const table = { source: "crm", schema: "public", table: "Deals", dataset: "crm_deals" };
    const known = {
      pin: `crm_deals@${"d".repeat(64)}`,
      fingerprint: null,
      rowEstimate: null,
      keys: [],
      foreignKeys: [],
    };
    await store.transaction((trx) => store.sources.keep(trx, { ...table, ...known, crawl: "c", changed: true }));
    const deals = [of("sales.public.Deals", {}, "postgresql://db.example")];
    const said = await record(event("COMPLETE", "40", { inputs: deals, outputs: [of("mart.deals")] }));
    expect(said.ours).toEqual(["crm_deals"]);
    const { down } = await lineage({ dataset: "crm_deals", direction: "down" });
    expect(down!.datasets).toEqual(["snowflake://acme mart.deals"]);
    const linked = {
      symlinks: { identifiers: [{ namespace: "postgres://db.example:5432", name: "sales.public.Deals" }] },
    };
    const copy = [of("s3/deals", linked, "s3://bucket")];
    expect((await record(event("COMPLETE", "41", { inputs: copy, outputs: [] }))).ours).toEqual(["crm_deals"]);
    const { names } = await projecting({ store, lake: process.lake, config: process.config });
    expect(names.publicName(datasetNode("crm_deals"))).toEqual({
      ...{ namespace: "postgres://db.example:5432", name: "sales.public.Deals" },
    });
    expect(names.sourceOf(datasetNode("crm_deals"))!.uri).toBe("postgres://db.example:5432/sales");
  });

  test.each([
    ["no type of event", { eventType: "DONE" }],
    ["no time", { eventTime: "yesterday" }],
    ["no run id", { run: { runId: "1" } }],
    ["no job", { job: { namespace: "airflow" } }],
    ["too many datasets", { inputs: Array.from({ length: 501 }, (_, i) => of(`d${i}`)) }],
    ["a NUL in a name", { inputs: [of("a\u0000b")] }],
    ["a name of megabytes", { inputs: [of("a".repeat(5000))] }],
  ])("an event with %s is refused", async (_, more) => {
    await expect(record(event("COMPLETE", "4", more))).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("others can't speak for us, and who only looks adds nothing", async () => {
    const job = { namespace: "muster", name: "ml.predict.shops" };
    await expect(record(event("COMPLETE", "5", { job }))).rejects.toMatchObject({ code: "denied" });
    const [ours] = await store.lineage.unsent(1);
    const taken = event("COMPLETE", "6", { run: { runId: ours!.run }, inputs: [of("a")], outputs: [of("b")] });
    await expect(record(taken)).rejects.toMatchObject({ code: "conflict" });
    const viewer = [await accept(["viewer"], "vera")];
    const looked = ask("catalog.record_lineage", { event: event("COMPLETE", "7") }, { receipts: viewer });
    await expect(looked).rejects.toMatchObject({ code: "denied" });
  });

  test.each([
    [{ dataset: "nowhere" }, "not_found"],
    [{ dataset: "shops.colour" }, "not_found"],
    [{ dataset: "shops.size", column: "shop_id" }, "invalid_input"],
    [{}, "invalid_input"],
    [{ dataset: "shops", model: "churn" }, "invalid_input"],
    [{ dataset: "shops", depth: 51 }, "invalid_input"],
  ])("asking for %j is %s", async (input, code) => {
    await expect(lineage(input)).rejects.toMatchObject({ code });
  });

  test("circles end, diamonds are one, depth bounds", async () => {
    const flow = async (run: string, from: string, to: string) =>
      record(event("COMPLETE", run, { inputs: [of(from)], outputs: [of(to)] }));
    for (const [i, [from, to]] of [
      ["ring1", "ring2"],
      ["ring2", "ring3"],
      ["ring3", "ring1"],
    ].entries())
      await flow(`${20 + i}`, from!, to!);
    const namespace = "snowflake://acme";
    const ring = await lineage({ dataset: "ring1", namespace, direction: "down" });
    expect(ring.down!.datasets).toEqual([`${namespace} ring2`, `${namespace} ring3`]);
    expect(ring.counts).toEqual({ nodes: 3, edges: 3 });
    for (const [i, [from, to]] of [
      ["top", "left"],
      ["top", "right"],
      ["left", "end"],
      ["right", "end"],
    ].entries())
      await flow(`${30 + i}`, from!, to!);
    const diamond = await lineage({ dataset: "top", namespace, direction: "down" });
    expect(diamond.counts).toEqual({ nodes: 4, edges: 4 });
    expect(diamond.nodes.at(-1)).toMatchObject({ id: `dataset ${namespace} end`, depth: 2 });
    const near = await lineage({ dataset: "top", namespace, direction: "down", depth: 1 });
    expect(near.down!.datasets).toEqual([`${namespace} left`, `${namespace} right`]);
  });

  test("ten thousand edges that make 32^10 ways are walked, each once", async () => {
    const layer = (k: number) => Array.from({ length: 32 }, (_, i) => of(`layer${k}.${i}`));
    for (let k = 0; k < 10; k++)
      await record(event("COMPLETE", `${1000 + k}`, { inputs: layer(k), outputs: layer(k + 1) }));
    const found = await lineage({ dataset: "layer0.0", namespace: "snowflake://acme", direction: "down" });
    expect(found.counts).toEqual({ nodes: 321, edges: 32 + 9 * 32 * 32 });
    expect(found.truncated).toBe(false);
    expect(found.nodes.length).toBeLessThan(321);
    const whole = JSON.parse(Buffer.from(await door.evidence.artifact(found.graph!)).toString()) as Lineage;
    expect([whole.nodes.length, whole.edges.length]).toEqual([321, 32 + 9 * 32 * 32]);
    expect(whole.nodes.slice(0, found.nodes.length)).toEqual(found.nodes);
    const back = await lineage({ dataset: "layer10.0", namespace: "snowflake://acme", direction: "up" });
    expect(back.counts.nodes).toBe(321);
  }, 60_000);

  test("runs are told to a receiver in order, at least once, as the spec has it", async () => {
    const receiver = await startReceiver();
    try {
      const config = {
        ...process.config,
        ...{ lineageUrl: receiver.url, lineageKey: "key-of-the-receiver", privateHosts: "127.0.0.1" },
      };
      const sending = { ...process, config, store };
      await expect(sendLineage({ ...sending, config: { ...config, privateHosts: undefined } })).rejects.toMatchObject({
        code: "denied",
      });
      expect(receiver.requests).toEqual([]);
      const waiting = await store.lineage.unsent(100);
      expect(waiting.length).toBe(4);
      let refusals = 2;
      receiver.answer(({ eventType }) => (eventType === "COMPLETE" && refusals-- > 0 ? 503 : 201));
      let now = Date.parse("2026-11-21T12:00:00Z");
      const round = patientSending({ ...sending, now: () => new Date(now) });
      await round();
      expect((await store.lineage.unsent(100)).length).toBe(4);
      const before = receiver.requests.length;
      await round();
      expect(receiver.requests.length).toBe(before);
      now += 1000;
      await round();
      now += 1999;
      await round();
      expect((await store.lineage.unsent(100)).length).toBe(4);
      now += 1;
      await round();
      expect(await store.lineage.unsent(100)).toEqual([]);
      expect(receiver.requests[0]).toMatchObject({
        ...{ path: "/api/v1/lineage", authorization: "Bearer key-of-the-receiver", type: "application/json" },
      });
      expect(receiver.events.flatMap(againstSpec)).toEqual([]);
      // START of the first run came three times: it was refused twice at its end.
      const runs = receiver.byRun();
      expect(runs.map((events) => events.map(({ eventType }) => eventType))).toEqual([
        ["START", "START", "START", "COMPLETE"],
        ["START", "COMPLETE"],
        ["START", "FAIL"],
        ["START", "COMPLETE"],
      ]);
      expect(runs.map((events) => events[0]!.run.runId)).toEqual(waiting.map(({ run }) => run));
      expect(runs.flatMap((events) => againstPractice(events.slice(-2)))).toEqual([]);
      expect(runs[2]!.at(-1)!.run.facets.errorMessage!.message).toMatch(/^not_found: /);
      const written = runs[0]!.at(-1)!.outputs[0]!;
      expect(written).toMatchObject({ namespace: "muster", name: "shops" });
      expect(written.facets.schema!.fields).toEqual([
        { name: "shop_id", type: "integer" },
        { name: "size", type: "integer" },
      ]);
      expect(written.facets.columnLineage!.fields.size!.inputFields).toEqual([
        expect.objectContaining({ namespace: "file", name: "inbox/shops.csv", field: "size" }),
      ]);
      await round();
      expect(receiver.events.length).toBe(10);
    } finally {
      await receiver.stop();
    }
  });

  test("an event that the receiver can't read is passed over, and what comes after it is told", async () => {
    const receiver = await startReceiver();
    try {
      const config = { ...process.config, lineageUrl: `${receiver.url}/own/path`, privateHosts: "127.0.0.1" };
      for (const name of ["bikes", "boats"]) {
        put(`${name}.csv`, "id,size\n1,2\n2,3\n3,5\n");
        await load(`${name}.csv`);
      }
      await read();
      receiver.answer(({ job }) => (job.name.endsWith("bikes") ? 422 : 200));
      expect(await sendLineage({ ...process, config, store })).toBe(1);
      expect(receiver.requests.map(({ path }) => path)).toEqual(["/own/path", "/own/path", "/own/path"]);
      expect(receiver.events.map(({ job }) => job.name)).toEqual(Array(2).fill("catalog.register_dataset.boats"));
      expect(await store.lineage.unsent(10)).toEqual([]);
    } finally {
      await receiver.stop();
    }
  });

  test("nothing is sent where no receiver is set", async () => {
    put("trams.csv", "id,size\n1,2\n2,3\n3,5\n");
    await load("trams.csv");
    await read();
    expect(await sendLineage({ ...process, store })).toBe(0);
    expect(await store.lineage.unsent(10)).toHaveLength(1);
  });
});
