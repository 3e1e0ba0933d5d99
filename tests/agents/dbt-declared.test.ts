import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { catalog } from "@muster/catalog/index.ts";
import { readDeclared } from "@muster/quality/declared/read-declared.ts";
import { quality } from "@muster/quality/index.ts";
import { openQualityStore, type QualityStore } from "@muster/quality/store.ts";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { accept, askFrom } from "../support/signing.ts";

/** Artifacts of dbt-core 1.11, whose tests are of customers.ID and of orders. */
const artifact = (name: string) => readFileSync(new URL(`../support/dbt-shop/${name}.json`, import.meta.url), "utf8");

const people = Array.from({ length: 60 }, (_, i) => `${i + 1},n${i},${i % 2 ? "Rome" : "Oslo"}`);

type Listed = { expectations: { type: string; columns: string[]; from: string; version: number }[] };
type Checked = { passed: boolean; checks: { name: string; success: boolean; message: string }[] };

describe("what a dbt project declares, on real servers", () => {
  let bench: Bench;
  let door: Process;
  let own: Process;
  let store: QualityStore;
  const stops: (() => Promise<void>)[] = [];
  const pins: Record<string, string> = {};
  const request = "req_dbt";

  const load = async (name: string, text: string) => {
    const inbox = inboxFolder(bench.home);
    mkdirSync(inbox, { recursive: true });
    writeFileSync(join(inbox, `${name}.csv`), text);
    const { version } = await ingest({ lake: own.lake, inbox, file: `${name}.csv`, now: own.now() });
    pins[name] = pinOf(name, version);
  };
  const importDbt = async (manifest: string) => {
    writeFileSync(join(inboxFolder(bench.home), "manifest.json"), manifest);
    const input = { manifest: "manifest.json" };
    const receipts = [await accept(door, request)];
    await askFrom(door, { tool: "catalog.import_dbt", input, receipts, request });
    await readDeclared({ ...own, store });
  };
  const listed = async (name: string) => {
    const { output } = await askFrom(door, { tool: "quality.list_expectations", input: { dataset: pins[name]! } });
    return (output as Listed).expectations;
  };
  const check = async (name: string) => {
    const input = { dataset: pins[name]! };
    const profiled = await askFrom(door, { tool: "quality.profile_dataset", input });
    const receipts = profiled.given.map(({ id }) => id);
    return askFrom(door, { tool: "quality.check_dataset", input, receipts });
  };

  beforeAll(async () => {
    bench = await startBench();
    door = await bench.process("gateway");
    own = await bench.process("quality");
    for (const [agent, process] of [
      [catalog, await bench.process("catalog")],
      [quality, own],
    ] as const) {
      const host: Host = { process, agent, opened: await agent.open(process) };
      const jobs = openJobs(bench.redisUrl, agent);
      stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    }
    store = await openQualityStore(own.pool);
    const sales = Array.from(
      { length: 300 },
      (_, i) => `${i + 1},${(i % 60) + 1},${["open", "paid"][i % 2]},${i * 1.5}`,
    );
    await load("customers", `ID,NAME,CITY\n${people.join("\n")}\n`);
    await load("orders", `order_id,customer_id,status,total\n${sales.join("\n")}\n`);
  }, 60_000);
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  test("binds at once, and takes back that a version was checked without it", async () => {
    const before = await check("orders");
    expect((before.output as Checked).passed).toBe(true);
    expect(await own.evidence.standing("quality.passed", { dataset: pins.orders! })).toHaveLength(1);
    await importDbt(artifact("manifest"));
    expect(await own.evidence.standing("quality.passed", { dataset: pins.orders! })).toEqual([]);
    expect(await listed("orders")).toMatchObject([
      { type: "expect_column_values_to_be_unique", columns: ["order_id"], from: "declared", version: 1 },
      { type: "expect_column_values_to_be_in_set", columns: ["status"], from: "declared" },
    ]);
    expect((await listed("customers")).map(({ from }) => from)).toEqual(["declared", "declared"]);
    expect(((await check("orders")).output as Checked).passed).toBe(true);
  });

  test("the same again changes nothing; what is no longer declared is expected no more", async () => {
    await importDbt(artifact("manifest"));
    expect(await own.evidence.standing("quality.passed", { dataset: pins.orders! })).toHaveLength(1);
    const fewer = JSON.parse(artifact("manifest"));
    for (const id of Object.keys(fewer.nodes))
      if (id.startsWith("test.") && JSON.stringify(fewer.nodes[id]).includes("accepted_values")) delete fewer.nodes[id];
    await importDbt(JSON.stringify(fewer));
    expect((await listed("orders")).map(({ type, version }) => [type, version])).toEqual([
      ["expect_column_values_to_be_unique", 2],
    ]);
    await importDbt(artifact("manifest"));
  });

  test("a version that breaks it doesn't pass, and says which test", async () => {
    await load("customers", "ID,NAME,CITY\n1,a,Oslo\n1,b,Rome\n2,c,Rome\n");
    const { passed, checks } = (await check("customers")).output as Checked;
    expect(passed).toBe(false);
    expect(checks.filter(({ success }) => !success).map(({ name }) => name)).toContain(
      "expect_column_values_to_be_unique(ID)",
    );
  });

  test("nobody else declares: an event of another process is left out", async () => {
    const { evidence } = await bench.process("pipeline");
    const payload = { dataset: "orders", by: "dbt: elsewhere", expectations: [] };
    await evidence.store.emit(evidence.store.db, "catalog.expectations_declared", payload);
    const before = await listed("orders");
    await readDeclared({ ...own, store });
    expect(await listed("orders")).toEqual(before);
    expect((await store.declared.of("orders")).map(({ by }) => by)).toEqual(["dbt: shop"]);
  });

  test("its relationships are declared keys, and what its models are made of stands in the graph", async () => {
    await load("customers", `ID,NAME,CITY\n${people.join("\n")}\n`);
    const receipts = [await accept(door, request)];
    const found = await askFrom(door, { tool: "catalog.discover_joins", input: {}, receipts, request });
    expect((found.output as { joins: object[] }).joins).toContainEqual(
      expect.objectContaining({
        ...{ left: { dataset: "orders", column: "customer_id" }, right: { dataset: "customers", column: "ID" } },
        by: "declared",
      }),
    );
    const lineage = await askFrom(door, { tool: "catalog.get_lineage", input: { dataset: "orders" } });
    const { counts, graph } = lineage.output as { counts: { edges: number }; graph: string | null };
    expect(counts.edges).toBeGreaterThan(0);
    expect(graph ?? JSON.stringify(lineage.output)).toContain("dbt://shop");
  });
});
