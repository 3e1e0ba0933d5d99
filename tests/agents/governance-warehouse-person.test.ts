import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { resumeErasures } from "@muster/governance/erasure/carry-out.ts";
import { type GovernanceDeps, governance } from "@muster/governance/index.ts";
import { keepDataSubject } from "@muster/shared/data-subject.ts";
import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import { type FactName, type FactValue, facts } from "@muster/shared/fact/table.ts";
import { testProblem } from "@muster/shared/features/testing-problem.ts";
import { inboxFolder, secretsFolder } from "@muster/shared/home.ts";
import { smallestValue } from "@muster/shared/smallest-value.ts";
import { type Connection, keepConnection } from "@muster/shared/warehouse/connection.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { publishPlaced } from "@muster/shared/warehouse/publish.ts";
import { withSource } from "@muster/shared/warehouse/source.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { startWarehouse, type TestWarehouse } from "../support/shop-warehouse.ts";
import { accept, askFrom, confirm, sign } from "../support/signing.ts";

type Elsewhere = {
  warehouse: string;
  schema: string;
  table: string;
  dataset: string;
  rows: number;
  texts: number;
  columns: { name: string; by: string; rows: number }[];
};
type NotSearched = { warehouse: string; dataset: string | null; why: string };
type Found = {
  places: { dataset: string; pin: string; rows: number | null }[];
  rows: number;
  warehouse: Elsewhere[];
  notSearched: NotSearched[];
  erased: { id: string; eraseThere: Elsewhere[] }[];
  verdict: string;
};
type Erased = {
  erasure: string;
  destroyed: { pin: string }[];
  eraseThere: Elsewhere[];
  notSearched: NotSearched[];
  verdict: string;
};

const lines = (head: string, count: number, row: (i: number) => string) =>
  `${[head, ...Array.from({ length: count }, (_, i) => row(i))].join("\n")}\n`;
const mail = (i: number) => `canary${i}@example.org`;

/** Order i is customer 100 + i mod 40's; order 7's note speaks of another one, and of somebody whose address ends alike. */
const shop = `
  CREATE TABLE shop.orders (order_id int PRIMARY KEY, customer_id numeric, contact varchar(80), employee_id int, note text);
  INSERT INTO shop.orders SELECT 5000 + i, 100 + i % 40, ' Canary' || i % 40 || '@Example.org', i % 4,
    CASE i WHEN 7 THEN '„canary3@example.org“ waits' WHEN 8 THEN 'xcanary3@example.org waits' ELSE 'nothing more' END
    FROM generate_series(0, 119) i;
  CREATE TABLE shop.items (item_id int, order_id int, product text);
  INSERT INTO shop.items SELECT i, 5000 + i % 120, 'p' || i % 9 FROM generate_series(0, 239) i;
  CREATE TABLE shop.visits (visit_id int, customer_id bigint);
  INSERT INTO shop.visits SELECT i, 100 + i % 40 FROM generate_series(0, 79) i;
  CREATE TABLE shop.employees (employee_id int, email text);
  INSERT INTO shop.employees SELECT i, 'staff' || i || '@example.org' FROM generate_series(0, 4) i;
  CREATE TABLE shop.leads (lead_no int, address text);
  INSERT INTO shop.leads SELECT i, 'lead' || i || '@example.org' FROM generate_series(0, 29) i;`;
const tables = ["orders", "items", "visits", "employees", "leads"];

describe("a person in a warehouse and in the lake, on real servers", () => {
  let bench: Bench;
  let warehouse: TestWarehouse;
  let [door, own, ml, pipeline] = [] as unknown as Process[];
  let deps: GovernanceDeps;
  const logged: unknown[] = [];
  const replies: unknown[] = [];
  const stops: (() => Promise<void>)[] = [];
  const pins: Record<string, DatasetPin> = {};
  let requests = 0;
  let before: string;

  async function load(name: string, text: string): Promise<DatasetPin> {
    const inbox = inboxFolder(bench.home);
    mkdirSync(inbox, { recursive: true });
    writeFileSync(join(inbox, `${name}.csv`), text);
    const { version } = await ingest({ lake: own!.lake, inbox, file: `${name}.csv`, now: new Date() });
    return pinOf(name, version);
  }
  /** Makes a table of a connected warehouse a dataset. */
  async function place(source: string, table: string, name = table): Promise<void> {
    await withSource(own!.lake, "shop", async (from) => {
      const { columns, ...content } = await from.version("shop", table);
      const types = Object.fromEntries(columns.map((column) => [column.name, column.sourceType]));
      const stored = columns.map((column) => ({ name: column.name, type: column.type }));
      const at = { source, schema: "shop", table, types };
      await publishPlaced(own!.lake, { ...content, name, columns: stored, place: at, now: new Date() });
    });
  }
  const connect = (more: Partial<Connection> = {}) => keepConnection(bench.home, { ...warehouse.connection, ...more });
  const smallestOf = <F extends FactName>(fact: F, more: Partial<FactValue<F>>): FactValue<F> =>
    ({ ...(smallestValue(facts[fact].value, { members: 0 }) as FactValue<F>), ...more }) as FactValue<F>;
  async function asked<T>(tool: string, input: Record<string, unknown>): Promise<T> {
    const request = `req_${++requests}`;
    const receipts = [await accept(door!, request), await confirm(door!, request, tool, input)];
    try {
      const { output } = await askFrom(door!, { tool, input, receipts, request });
      replies.push(output);
      return output as T;
    } catch (error) {
      replies.push({ ...(error as object), message: (error as Error).message });
      throw error;
    }
  }
  const find = async (value: string, at = { dataset: "customers", column: "email" }) =>
    asked<Found>("governance.find_personal_data", { ...at, person: await keepDataSubject(bench.home, value) });
  const erase = async (value: string, rows: number, more: Record<string, unknown> = {}) =>
    asked<Erased>("governance.erase_person", {
      ...{ dataset: "customers", column: "email", rows, reason: "asked for by letter" },
      ...{ person: await keepDataSubject(bench.home, value), ...more },
    });
  const rowsOf = (all: readonly Elsewhere[]) =>
    Object.fromEntries(all.map(({ dataset, rows, texts }) => [dataset, [rows, texts]]));
  /** Everything in the warehouse's schema, and what else stands in its database. */
  const contents = async () => {
    const all: unknown[] = [];
    for (const table of tables)
      all.push(
        (await warehouse.admin.query(`SELECT t.*, t.xmin::text AS written FROM shop.${table} t ORDER BY 1`)).rows,
      );
    all.push((await warehouse.admin.query("SELECT relname FROM pg_class ORDER BY oid")).rows);
    return JSON.stringify(all);
  };
  /** A matrix that the swarm wrote of a table of the warehouse. */
  async function matrix(name: string, dataset: string, entity: string | null, sql: string): Promise<void> {
    const problem = { ...testProblem(), hash: `${name}${"0".repeat(64)}`.slice(0, 64), dataset, entity };
    await sign(ml!, "problem.defined", { problem: problem.hash }, problem);
    const { version } = await writeQuery(own!.lake, {
      ...{ name, kind: "features" as const, inputs: [], origin: "a test", now: new Date(), sql },
    });
    pins[name] = pinOf(name, version);
    const scope = [await own!.lake.resolve(dataset)];
    await sign(
      pipeline!,
      "features.materialized",
      { problem: problem.hash, scope, view: name, training: pins[name] },
      smallestOf("features.materialized", { role: "training", dataset: pins[name] }),
    );
  }

  beforeAll(async () => {
    const agents = ["governance", "ml", "pipeline", "quality", "catalog"];
    [bench, warehouse] = await Promise.all([
      startBench([
        { name: "gateway", kind: "door", of: "gateway", file: "" },
        ...agents.map((name) => ({ name, kind: "agent" as const, of: name, file: "" })),
      ]),
      startWarehouse(shop),
    ]);
    const note = (...said: unknown[]) => void logged.push(said);
    const log = { debug: note, info: note, warn: note, error: note };
    [door, own, ml, pipeline] = await Promise.all(
      ["gateway", "governance", "ml", "pipeline"].map((name) => bench.process(name, { log })),
    );
    const opened = await governance.open(own!);
    deps = opened.deps as GovernanceDeps;
    const host = { process: own!, agent: governance, opened };
    const jobs = openJobs(bench.redisUrl, governance);
    stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    // A role that may do anything to the tables: what isn't written there isn't for want of rights.
    await warehouse.admin.query(
      "GRANT ALL ON ALL TABLES IN SCHEMA shop TO analyst; GRANT ALL ON SCHEMA shop TO analyst",
    );
    mkdirSync(secretsFolder(bench.home), { recursive: true });
    writeFileSync(join(secretsFolder(bench.home), "shop"), warehouse.password, { mode: 0o600 });
    await connect();
    for (const table of tables) await place("shop", table);
    pins.customers = await load(
      "customers",
      lines("customer_id,email,segment", 40, (i) => `${100 + i},${mail(i)},${i % 2 ? "home" : "firm"}`),
    );
    pins.parcels = await load(
      "parcels",
      lines("parcel_id,order_id", 120, (i) => `${i},${5000 + i}`),
    );
    await matrix(
      "view_training",
      "orders",
      "customer_id",
      "SELECT range AS __row, CAST(100 + range % 40 AS VARCHAR) AS __entity, 1.5 AS total FROM range(120)",
    );
    await matrix("flat_training", "leads", null, "SELECT range AS __row, 0.5 * range AS x FROM range(30)");
    before = await contents();
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
    await warehouse?.stop();
  });

  test("is found in both, by keys that lead from one to the other and back, and never up to other people", async () => {
    const found = await find(mail(3));
    expect(found.notSearched).toEqual([]);
    expect(rowsOf(found.warehouse)).toEqual({ orders: [3, 1], items: [6, 0], visits: [2, 0] });
    expect(found.warehouse.find(({ dataset }) => dataset === "orders")).toEqual({
      ...{ warehouse: "shop", schema: "shop", table: "orders", dataset: "orders", rows: 3, texts: 1 },
      columns: [
        { name: "customer_id", by: "key", rows: 3 },
        { name: "contact", by: "value", rows: 3 },
        { name: "note", by: "mention", rows: 1 },
      ],
    });
    const here = Object.fromEntries(found.places.map(({ dataset, rows }) => [dataset, rows]));
    expect(here).toEqual({ customers: 1, parcels: 3, view_training: 3 });
    // The lake's alone: what erase_person destroys.
    expect(found.rows).toBe(7);
    expect(found.verdict).toContain("orders (shop: shop.orders, 3 rows and 1 texts)");
  });

  test("is found from a table of the warehouse as well, in its rows of this moment", async () => {
    const found = await find("103", { dataset: "orders", column: "customer_id" });
    expect(rowsOf(found.warehouse)).toEqual({ orders: [3, 0], items: [6, 0] });
    expect(found.places.map(({ dataset }) => dataset)).toEqual(["parcels", "view_training"]);
    await warehouse.admin.query("INSERT INTO shop.visits VALUES (999, 103)");
    expect(rowsOf((await find(mail(3))).warehouse).visits).toEqual([3, 0]);
    await warehouse.admin.query("DELETE FROM shop.visits WHERE visit_id = 999");
    // What the swarm wrote of a row that is gone from the warehouse is found by its key all the same.
    await warehouse.admin.query("UPDATE shop.orders SET customer_id = 140 WHERE customer_id = 103");
    const gone = await find("103", { dataset: "orders", column: "customer_id" });
    expect(gone).toMatchObject({ warehouse: [], places: [{ dataset: "view_training", rows: 3 }] });
    await warehouse.admin.query("UPDATE shop.orders SET customer_id = 103 WHERE customer_id = 140");
    before = await contents();
  });

  test("what was written without a key from a table that holds them is named whole", async () => {
    const found = await find("lead4@example.org", { dataset: "leads", column: "address" });
    expect(rowsOf(found.warehouse)).toEqual({ leads: [1, 0] });
    expect(found).toMatchObject({ rows: 0, places: [{ pin: pins.flat_training, rows: null }] });
  });

  test("what can't be looked at is named, with the reason: a warehouse, a table, columns", async () => {
    await connect({ name: "away", port: 1 });
    await connect({ name: "tight", scanGb: 1e-9 });
    await place("away", "leads", "away_leads");
    await place("tight", "leads", "tight_leads");
    await warehouse.admin.query("CREATE TABLE shop.gone (id int); GRANT SELECT ON shop.gone TO analyst");
    await place("shop", "gone");
    await warehouse.admin.query("DROP TABLE shop.gone");
    await warehouse.admin.query(
      "REVOKE ALL ON shop.leads FROM analyst; GRANT SELECT (lead_no) ON shop.leads TO analyst",
    );
    const found = await find(mail(3));
    const why = Object.fromEntries(found.notSearched.map((one) => [one.dataset ?? one.warehouse, one.why]));
    expect(why).toMatchObject({
      away: expect.stringMatching(/can't be reached/),
      leads: expect.stringMatching(/address/),
    });
    await warehouse.admin.query("GRANT ALL ON shop.leads TO analyst");
    const again = await find(mail(3));
    const left = Object.fromEntries(again.notSearched.map((one) => [one.dataset ?? one.warehouse, one.why]));
    expect(left).toEqual({
      away: expect.stringMatching(/can't be reached/),
      gone: expect.stringMatching(/no such table/),
      tight_leads: expect.stringMatching(/over the limit/),
    });
    before = await contents();
    expect(again.rows).toBe(7);
    expect(again.verdict).toMatch(/not searched: the warehouse away .*not searched: gone .*not searched: tight_leads/);
    const nobody = await find("nobody@example.org");
    expect(nobody.verdict).toMatch(/^nothing of this person was found in the lake; not searched/);
    await expect(erase("nobody@example.org", 0)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/not searched: the warehouse away/),
    });
  });

  test("isn't erased by a number that counts the warehouse's rows, nor by emptying cells there", async () => {
    await expect(erase(mail(3), 18)).rejects.toMatchObject({ code: "conflict", data: { rows: 7 } });
    await expect(erase(mail(3), 7, { blank: ["orders"] })).rejects.toMatchObject({ code: "unfit" });
    const only = { dataset: "employees", column: "email" };
    await expect(erase("staff4@example.org", 0, only)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/erase there.*shop\.employees, 1 rows/),
    });
    expect((await find(mail(3))).rows).toBe(7);
  });

  test("is erased from the lake, and the warehouse's tables are named for whoever may write there", async () => {
    const erased = await erase(mail(3), 7);
    expect(erased.destroyed.map(({ pin }) => pin).sort()).toEqual(
      [pins.customers, pins.parcels, pins.view_training].sort(),
    );
    expect(rowsOf(erased.eraseThere)).toEqual({ orders: [3, 1], items: [6, 0], visits: [2, 0] });
    expect(erased.notSearched.map(({ warehouse: name }) => name).sort()).toEqual(["away", "shop", "tight"]);
    expect(erased.verdict).toMatch(
      /erase there, or they come back with the next materialization: .*shop\.visits, 2 rows/,
    );
    const after = await find(mail(3));
    expect(after).toMatchObject({ places: [], rows: 0, erased: [{ id: erased.erasure }] });
    // Their customer number went with the lake's row; the record still says which tables it led to.
    expect(rowsOf(after.warehouse)).toEqual({ orders: [3, 1], items: [6, 0] });
    expect(rowsOf(after.erased[0]!.eraseThere)).toEqual(rowsOf(erased.eraseThere));
    // They come back by what is made of the warehouse's rows.
    await writeQuery(own!.lake, {
      ...{ name: "view_training", kind: "features" as const, inputs: [], origin: "a test", now: new Date() },
      sql: "SELECT range AS __row, CAST(100 + range % 40 AS VARCHAR) AS __entity, 2.5 AS total FROM range(120)",
    });
    const back = await find("103", { dataset: "orders", column: "customer_id" });
    expect(back.places).toMatchObject([{ dataset: "view_training", rows: 3 }]);
  });

  test("an erasure whose warehouse stopped answering waits for it, and keeps no other one waiting", async () => {
    const long = new Date(Date.now() - 3_600_000).toISOString();
    const seen = { warehouse: [], notSearched: (await find(mail(5))).notSearched };
    // Agreed when both warehouses answered, and when neither did.
    const answering = { ...seen, notSearched: seen.notSearched.filter(({ dataset }) => dataset === "gone") };
    const begin = async (id: string, value: string) =>
      deps.store.erasures.begin({
        ...{ id, subject: await keepDataSubject(bench.home, value), dataset: "customers", column: "email", blank: [] },
        ...{ request: null, person: "ada", state: "planned", destroyed: [], models: [], at: long, ended_at: null },
        elsewhere: id === "ers_first" ? answering : seen,
      });
    await begin("ers_first", mail(5));
    await begin("ers_second", mail(6));
    const resume = () => resumeErasures({ ...deps, now: () => new Date() });
    await expect(resume()).rejects.toMatchObject({ code: "unavailable" });
    expect((await deps.store.erasures.get("ers_first"))!.state).toBe("planned");
    expect((await deps.store.erasures.get("ers_second"))!.state).toBe("done");
    expect((await find(mail(5))).rows).toBeGreaterThan(0);
    // Both answer again.
    await connect({ name: "away" });
    await connect({ name: "tight" });
    expect(await resume()).toBe(1);
    expect(await find(mail(5))).toMatchObject({ rows: 0, notSearched: [{ dataset: "gone" }] });
  });

  test("nothing was written to the warehouse, and who it was stands in no table, log, reply or file", async () => {
    expect(await contents()).toBe(before);
    const { rows: all } = await own!.pool.query<{ t: string }>(
      "select format('%I.%I', schemaname, tablename) as t from pg_tables where schemaname in ('evidence', 'governance')",
    );
    for (const { t } of all) {
      const { rows } = await own!.pool.query(`select x::text as row from ${t} x`);
      expect(JSON.stringify(rows), t).not.toMatch(/canary\d|lead4@|staff4@/i);
    }
    expect(JSON.stringify(replies)).not.toMatch(/canary\d|lead4@|staff4@/i);
    expect(
      JSON.stringify(logged, (_, one) => (one instanceof Error ? { ...one, message: one.message } : one)),
    ).not.toMatch(/canary\d|lead4@|staff4@/i);
    const { rows: events } = await own!.pool.query(
      "select data from evidence.audit_event where what = 'governance.person_erased' and data->'warehouse' <> '[]'::jsonb",
    );
    expect(rowsOf(events[0].data.warehouse)).toEqual({ orders: [3, 1], items: [6, 0], visits: [2, 0] });
    const files = readdirSync(bench.home, { recursive: true, encoding: "utf8" })
      .filter((path) => !/^(inbox|private|postgres|redis)(\/|$)/.test(path))
      .map((path) => join(bench.home, path))
      .filter((path) => statSync(path).isFile() && !path.endsWith(".parquet"));
    expect(files.length).toBeGreaterThan(5);
    for (const path of files) expect([path, /canary\d/i.test(readFileSync(path, "latin1"))]).toEqual([path, false]);
  });
});
