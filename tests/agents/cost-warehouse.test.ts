import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPool } from "@muster/shared/database/open.ts";
import { secretsFolder } from "@muster/shared/home.ts";
import { Connection, keepConnection } from "@muster/shared/warehouse/connection.ts";
import { publishPlaced } from "@muster/shared/warehouse/publish.ts";
import { withSource } from "@muster/shared/warehouse/source.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Costs, openCosts } from "../support/costs.ts";
import { askFrom } from "../support/signing.ts";

type Query = {
  rows: { value: number; source: string };
  bytes: { value: number; source: string };
  cpuSeconds: object | null;
  usd: { mid: number };
  verdict: string;
};

let it: Costs;
let admin: ReturnType<typeof openPool>;
beforeAll(async () => {
  it = await openCosts();
  admin = openPool({ url: it.bench.databaseUrl, schema: "public" });
  await admin.query(`create schema shop; create table shop.sales (id int primary key, amount double precision, note text);
    insert into shop.sales select i, i / 7.0, 'sale number ' || i from generate_series(1, 20000) i; analyze shop.sales`);
  const { hostname, port, username, password, pathname } = new URL(it.bench.databaseUrl);
  const home = it.bench.home;
  mkdirSync(secretsFolder(home), { recursive: true });
  writeFileSync(join(secretsFolder(home), "shop"), password, { mode: 0o600 });
  const connection = {
    name: "shop",
    kind: "postgres",
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
  };
  await keepConnection(
    home,
    Connection.parse({ ...connection, user: username, password: { in: "file", name: "shop" }, ssl: "disable" }),
  );
  await withSource(it.own.lake, "shop", async (source) => {
    const { columns, ...content } = await source.version("shop", "sales");
    const types = Object.fromEntries(columns.map((column) => [column.name, column.sourceType]));
    const stored = columns.map(({ name, type }) => ({ name, type }));
    const place = { source: "shop", schema: "shop", table: "sales", types };
    await publishPlaced(it.own.lake, { ...content, name: "sales", columns: stored, place, now: it.clock.now });
  });
});
afterAll(async () => {
  await admin?.end();
  await it?.stop();
});

const query = async (input: Record<string, unknown>) =>
  (await askFrom(it.door, { tool: "cost.estimate_query", input })).output as Query;

test.each(["scan", "profile", "materialize"])(
  "a %s of a table in a warehouse costs what the warehouse itself expects",
  async (kind) => {
    const { rows } = await admin.query<{ bytes: string }>("select pg_relation_size('shop.sales') as bytes");
    const found = await query({ kind, dataset: "sales", columns: ["amount", "note"] });
    expect(found.rows).toEqual({ value: 20_000, source: "measured" });
    expect(found.bytes).toEqual({ value: Number(rows[0]!.bytes), source: "estimate" });
    expect(found.cpuSeconds).toBeNull();
    expect(found.usd.mid).toBe(0);
    expect(found.verdict).toContain("the warehouse's own estimate");
  },
);

test("a terabyte that is scanned has the price that the table of prices gives it", async () => {
  const prices = await it.deps.prices();
  writeFileSync(join(it.bench.home, "prices.json"), JSON.stringify({ ...prices, scannedTbUsd: 5 }));
  const { bytes, usd } = await query({ kind: "scan", dataset: "sales" });
  expect(usd.mid).toBeCloseTo((5 * bytes.value) / 1024 ** 4, 15);
  writeFileSync(join(it.bench.home, "prices.json"), JSON.stringify(prices));
});
