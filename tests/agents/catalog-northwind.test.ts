import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Host } from "@muster/bus/perform.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { catalog } from "@muster/catalog/index.ts";
import { migrate } from "@muster/shared/database/migrate.ts";
import { openPool } from "@muster/shared/database/open.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { accept, askFrom, confirm, sign } from "../support/signing.ts";
import { publicDatasets, publicFile } from "../support/story.ts";

const there = publicDatasets();
const names = [
  ...["categories", "customers", "employee_territories", "employees", "order_details", "orders", "products", "region"],
  ...["shippers", "suppliers", "territories", "us_states"],
];
type Hits = {
  hits: { dataset: string; coverage: number; why: { word: string; matched: string; in: string; how: string }[] }[];
};
type Join = {
  left: { dataset: string; column: string };
  right: { dataset: string; column: string };
  cardinality: string;
  by: string;
};
type Found = {
  tables: {
    dataset: string;
    path: { from: object; to: object; cardinality: string }[];
    columns: { column: string; reading: string }[];
    leftOut: { column: string; reason: string }[];
  }[];
  measured: boolean;
};

describe.skipIf(!there)("the catalog over northwind (needs ../shared/datasets)", () => {
  let bench: Bench;
  let door: Process;
  let own: Process;
  const stops: (() => Promise<void>)[] = [];
  let requests = 0;

  beforeAll(async () => {
    bench = await startBench();
    [door, own] = [await bench.process("gateway"), await bench.process("catalog")];
    const host: Host = { process: own, agent: catalog, opened: await catalog.open(own) };
    const jobs = openJobs(bench.redisUrl, catalog);
    stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    const inbox = inboxFolder(bench.home);
    mkdirSync(inbox, { recursive: true });
    // As another agent writes: into the lake, past the catalog.
    for (const name of names) {
      copyFileSync(publicFile("northwind", `${name}.csv`), join(inbox, `${name}.csv`));
      await ingest({ lake: own.lake, inbox, file: `${name}.csv`, now: new Date() });
    }
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  const read = async <T>(tool: string, input: object = {}): Promise<T> =>
    (await askFrom(door, { tool: `catalog.${tool}`, input: { ...input } })).output as T;
  const write = async (tool: string, input: Record<string, unknown>) => {
    const request = `req_${++requests}`;
    const receipts = [await accept(door, request)];
    return (await askFrom(door, { tool: `catalog.${tool}`, input, receipts, request })).output;
  };
  const confirmed = async (tool: string, input: Record<string, unknown>) => {
    const request = `req_${++requests}`;
    const receipts = [await accept(door, request), await confirm(door, request, `catalog.${tool}`, input)];
    return (await askFrom(door, { tool: `catalog.${tool}`, input, receipts, request })).output;
  };
  const search = async (query: string) => (await read<Hits>("search_datasets", { query })).hits;
  const found = async (query: string) => (await search(query)).map(({ dataset }) => dataset);

  test("search finds what other agents wrote, by names, other words, slips of the pen, and says why; nonsense finds nothing", async () => {
    expect((await found("who are our shippers"))[0]).toBe("shippers");
    expect((await found("vendors"))[0]).toBe("suppliers");
    expect((await search("vendors"))[0]!.why).toMatchObject([
      { word: "vendor", matched: "suppliers", in: "name", how: "synonym" },
    ]);
    expect((await search("empolyees"))[0]!.why[0]).toMatchObject({ how: "similar" });
    for (const query of ["xqzv brlmp", "the and of", "'; drop table catalog.search_entry; --", "%_%", "\ud800", "!!!"])
      expect(await found(query), query).toEqual([]);
    expect((await own.pool.query("select count(*) as n from catalog.search_entry")).rows[0].n).toBeGreaterThanOrEqual(
      100,
    );
  });

  test("what a person says of a dataset is found, shown, held for every version, and can be taken away", async () => {
    expect(await found("demographics")).toEqual([]);
    await write("set_description", { dataset: "us_states", description: "Demographics by federal state" });
    await write("set_description", {
      dataset: "orders",
      column: "freight",
      description: "Kilograms times zone tariff",
    });
    await write("set_owner", { dataset: "orders", owner: "order desk" });
    expect(await found("demographics")).toEqual(["us_states"]);
    expect((await search("kilograms"))[0]!.why).toMatchObject([{ in: "column_description", column: "freight" }]);
    expect(await read("describe_dataset", { dataset: "orders" })).toMatchObject({
      description: null,
      owner: { text: "order desk", giver: "person", by: "ada" },
      columns: expect.arrayContaining([
        expect.objectContaining({ name: "freight", description: expect.objectContaining({ by: "ada" }), holds: null }),
      ]),
      joins: null,
    });
    await write("set_description", { dataset: "us_states", description: "" });
    expect(await found("demographics")).toEqual([]);
    const trail = await own.pool.query(
      "select what from evidence.audit_event where what like 'catalog.%_set' order by 1",
    );
    expect(trail.rows.map(({ what }) => what)).toEqual([
      ...Array(3).fill("catalog.description_set"),
      "catalog.owner_set",
    ]);
  });

  test.each([
    ["set_description", { dataset: "orders", column: "nothing", description: "x" }, "not_found"],
    ["set_description", { dataset: "nowhere", description: "x" }, "not_found"],
    ["set_description", { dataset: "orders", description: "a\u0000b" }, "invalid_input"],
    ["set_description", { dataset: "orders", description: "x".repeat(2001) }, "invalid_input"],
    ["set_owner", { dataset: "orders", owner: "x".repeat(201) }, "invalid_input"],
  ])("%s refuses %o", async (tool, input, code) => {
    await expect(write(tool, input)).rejects.toMatchObject({ code });
  });

  test("synonyms are a team's: searched by at once, set by a confirmed call only, single words", async () => {
    expect(await found("moonbeam")).toEqual([]);
    const input = { group: "carrier", words: ["shipper", "moonbeam"] };
    await expect(write("set_synonyms", input)).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["person.confirmed"] },
    });
    expect(await found("moonbeam")).toEqual([]);
    await confirmed("set_synonyms", input);
    expect((await found("moonbeams"))[0]).toBe("shippers");
    expect((await read<{ groups: Record<string, string[]> }>("list_synonyms")).groups.carrier).toEqual([
      "moonbeam",
      "shipper",
    ]);
    await confirmed("set_synonyms", { group: "carrier", words: [] });
    expect(await found("moonbeam")).toEqual([]);
    for (const words of [["two words", "x1"], ["alone"]])
      await expect(confirmed("set_synonyms", { group: "g", words })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("joins are its foreign keys, with their cardinality; a dataset that isn't there is not found", async () => {
    const { joins } = await read<{ joins: Join[] }>("discover_joins");
    const keys = joins.map(({ left, right }) => `${left.dataset}.${left.column} ${right.dataset}.${right.column}`);
    expect(keys).toContain("orders.ship_via shippers.shipper_id");
    expect(keys).toContain("employees.reports_to employees.employee_id");
    expect(keys).toHaveLength(11);
    // In these rows every territory has one employee.
    const single = joins.filter(({ cardinality }) => cardinality === "one_to_one");
    expect(single.map(({ left }) => `${left.dataset}.${left.column}`)).toEqual(["employee_territories.territory_id"]);
    expect(await read("describe_dataset", { dataset: "shippers" })).toMatchObject({
      joins: [{ left: { dataset: "orders", column: "ship_via" } }],
    });
    await expect(read("discover_joins", { datasets: ["orders", "nowhere"] })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(read("discover_joins", { datasets: ["orders"] })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("columns that could help are found with the path to them; rows that are many are aggregated; nothing is claimed of their worth", async () => {
    const { tables, measured } = await read<Found>("find_features", {
      dataset: "orders",
      target: "freight",
      entity: "customer_id",
    });
    expect(measured).toBe(false);
    const at = (name: string) => tables.find(({ dataset }) => dataset === name)!;
    expect(at("orders").path).toEqual([]);
    expect(at("orders").leftOut).toContainEqual({ column: "freight", reason: "the target itself" });
    expect(at("customers").path).toMatchObject([{ to: { dataset: "customers" }, cardinality: "one" }]);
    expect(at("customers").columns.find(({ column }) => column === "country")).toMatchObject({ reading: "as it is" });
    expect(at("order_details").columns.find(({ column }) => column === "quantity")).toMatchObject({
      reading: "aggregated",
    });
    expect(at("products").path.map(({ cardinality }) => cardinality)).toEqual(["many", "one"]);
    expect(tables.some(({ dataset }) => dataset === "us_states")).toBe(false);
    await expect(read("find_features", { dataset: "orders", target: "nothing" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("a column that governance found to name a person is no feature", async () => {
    const pin = await own.lake.resolve("customers");
    const { columns } = await own.lake.manifest(pin);
    const governance = await bench.process("governance");
    const tag = { kind: "city", by: "name", share: null, checked: 0, confidence: 1 } as const;
    const classified = columns.map(({ name }) => ({
      ...{ name, missedShare: 0, why: "", tags: name === "city" ? [tag] : [] },
      ...{ pii: name === "city", identifier: name === "city" ? ("quasi" as const) : null },
    }));
    await sign(governance, "dataset.classified", { dataset: pin }, { columns: classified });
    const { tables } = await read<Found>("find_features", { dataset: "orders", target: "freight" });
    const customers = tables.find(({ dataset }) => dataset === "customers")!;
    expect(customers.columns.map(({ column }) => column)).not.toContain("city");
    expect(customers.leftOut).toContainEqual({ column: "city", reason: "personal data" });
  });

  test("stale datasets are told with their numbers; what is used and new isn't", async () => {
    const inbox = inboxFolder(bench.home);
    const day = new Date().toISOString().slice(0, 10);
    const rows = Array.from({ length: 60 }, (_, i) => `${i},${day} 10:00:00`).join("\n");
    writeFileSync(join(inbox, "beats.csv"), `beat_id,beaten_at\n${rows}\n`);
    await write("register_dataset", { file: "beats.csv" });
    await read("list_datasets");
    const stale = await read<{ datasets: { dataset: string; reasons: { kind: string; days: number }[] }[] }>(
      "list_stale_datasets",
      {},
    );
    expect(stale.datasets.find(({ dataset }) => dataset === "orders")!.reasons).toMatchObject([
      { kind: "old_events", days: expect.any(Number), againstDays: 30 },
    ]);
    expect(stale.datasets.find(({ dataset }) => dataset === "orders")!.reasons[0]!.days).toBeGreaterThan(9000);
    expect(stale.datasets.map(({ dataset }) => dataset)).not.toContain("beats");
    await expect(read("list_stale_datasets", { oldAfterDays: 0 })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("a dataset that is gone from the lake is gone from the search", async () => {
    expect(await found("beats")).toEqual(["beats"]);
    rmSync(join(own.lake.folder, "beats"), { recursive: true });
    expect(await found("beats")).toEqual([]);
  });

  test("a database without trigrams is told of by name, and the start makes them", async () => {
    const admin = openPool({ url: bench.databaseUrl, schema: "public" });
    try {
      await admin.query("drop extension pg_trgm");
      await expect(catalog.open(own)).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("pg_trgm"),
      });
      await migrate(bench.databaseUrl, []);
      await expect(catalog.open(own)).resolves.toBeTruthy();
    } finally {
      await admin.end();
    }
  });
});
