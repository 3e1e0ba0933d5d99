import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nameEvidence } from "./joins/names.ts";
import { findJoins } from "./joins.ts";

const northwind = resolve(import.meta.dirname, "../../../shared/datasets/northwind");
if (!existsSync(northwind)) console.warn(`skipped: no public datasets at ${northwind}`);

let home: string;
let lake: Lake;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-joins-"));
  await mkdir(join(home, "inbox"));
  lake = await openLake(home);
});
afterAll(() => rm(home, { recursive: true }));

const joinsOf = async (tables: DatasetManifest[]) => {
  const engine = await openPins(
    lake,
    tables.map((m) => pinOf(m.name, m.version)),
  );
  const joins = await findJoins(engine, tables);
  engine.close();
  return joins;
};
const table = (name: string, sql: string) =>
  writeQuery(lake, { name, kind: "source", sql, inputs: [], origin: "a test", now: new Date(0) });

describe("joins", () => {
  it("are found with their exact inclusion and cardinality", async () => {
    const joins = await joinsOf([
      await table("customers", "SELECT i AS id, 'x' AS city FROM range(100) t(i)"),
      await table("payments", "SELECT i AS payment_id, i % 110 AS customer_id, 1 AS city_id FROM range(1000) t(i)"),
      await table("profiles", "SELECT i AS customer_id FROM range(50) t(i)"),
    ]);
    expect(joins).toEqual([
      {
        left: { dataset: "payments", column: "customer_id" },
        right: { dataset: "customers", column: "id" },
        inclusion: 0.91,
        leftUnique: false,
        rightUnique: true,
        by: "names",
        filled: 1,
      },
      {
        left: { dataset: "profiles", column: "customer_id" },
        right: { dataset: "customers", column: "id" },
        inclusion: 1,
        leftUnique: true,
        rightUnique: true,
        by: "names",
        filled: 0.5,
      },
    ]);
  });

  it("aren't made of names alone: the right side must be unique, types must suit, and most rows must match", async () => {
    const left = await table("orders", "SELECT i AS order_id, i % 10 AS customer_id FROM range(100) t(i)");
    for (const right of [
      "SELECT i % 5 AS customer_id FROM range(100) t(i)",
      "SELECT 'c' || i AS customer_id FROM range(100) t(i)",
      "SELECT 1000 + i AS customer_id FROM range(100) t(i)",
    ]) {
      expect(await joinsOf([left, await table("customers", right)])).toEqual([]);
    }
  });

  it("are found by values alone where those can hardly match by chance, whatever the columns are called", async () => {
    const people = await table("people", "SELECT md5('p' || i) AS k, i AS height FROM range(500) t(i)");
    const depots = await table("depots", "SELECT 4000 + i * 13 AS k FROM range(60) t(i)");
    const trips = await table(
      "trips",
      "SELECT i + 1 AS id, md5('p' || (i * 7) % 500) AS f1, 4000 + (i % 60) * 13 AS f2, md5('q' || i) AS f3 FROM range(900) t(i)",
    );
    const found = await joinsOf([people, depots, trips]);
    expect(found.map(({ left, right, by }) => [left.column, right.dataset, by])).toEqual([
      ["f1", "people", "values"],
      ["f2", "depots", "values"],
    ]);
  });

  it("aren't made of counts that happen to fit 1, 2, 3 …; a name that points away is needed, or a range filled from end to end", async () => {
    const staff = await table("staff", "SELECT i + 1 AS id FROM range(40) t(i)");
    const visits = (column: string, upTo: number) =>
      table("visits", `SELECT i + 100 AS id, i % ${upTo} + 1 AS ${column} FROM range(800) t(i)`);
    const right = async (column: string, upTo: number) =>
      (await joinsOf([staff, await visits(column, upTo)])).map((one) => one.right.dataset);
    expect(await right("quantity", 40)).toEqual([]);
    expect(await right("x7", 12)).toEqual([]);
    expect(await right("led_by", 12)).toEqual([]);
    expect(await right("led_by", 30)).toEqual(["staff"]);
    expect(await right("x7", 40)).toEqual(["staff"]);
    const twin = await table("rooms", "SELECT i + 1 AS id FROM range(40) t(i)");
    expect(await joinsOf([staff, twin, await visits("x7", 40)])).toEqual([]);
  });

  it("that a source declares stand before what names say", async () => {
    const old = await table("customers", "SELECT i AS id FROM range(100) t(i)");
    const now = await table("buyers", "SELECT i AS id FROM range(100) t(i)");
    const orders = await table("orders", "SELECT i AS order_no, i % 100 AS customer_id FROM range(400) t(i)");
    const key = { left: { dataset: "orders", column: "customer_id" }, right: { dataset: "buyers", column: "id" } };
    const tables = [old, now, orders];
    const engine = await openPins(
      lake,
      tables.map((m) => pinOf(m.name, m.version)),
    );
    const joins = await findJoins(engine, tables, [key]);
    engine.close();
    expect(joins.filter(({ left }) => left.dataset === "orders")).toMatchObject([{ ...key, by: "declared" }]);
  });

  it("need a reason in the names", () => {
    expect(nameEvidence("orders", "quantity", "employees", "employee_id")).toBe(0);
    expect(nameEvidence("orders", "ship_via", "shippers", "shipper_id")).toBeGreaterThan(0);
    expect(nameEvidence("employees", "reports_to", "employees", "employee_id")).toBeGreaterThan(0);
    expect(nameEvidence("a", "id", "b", "id")).toBe(0);
  });

  it.skipIf(!existsSync(northwind))("of Northwind are its foreign keys, all and no others", async () => {
    const text = await readFile(join(northwind, "foreign_keys.csv"), "utf8");
    const keys = text.trim().split(/\r?\n/).slice(1);
    const tables: DatasetManifest[] = [];
    for (const name of [
      "categories",
      "customers",
      "employee_territories",
      "employees",
      "order_details",
      "orders",
    ].concat(["products", "region", "shippers", "suppliers", "territories", "us_states"])) {
      await copyFile(join(northwind, `${name}.csv`), join(home, "inbox", `nw_${name}.csv`));
      const file = `nw_${name}.csv`;
      const own = await openLake(join(home, "northwind"));
      tables.push(await ingest({ lake: own, inbox: join(home, "inbox"), file, name, now: new Date(0) }));
    }
    lake = await openLake(join(home, "northwind"));
    const names = new Set(tables.map((t) => t.name));
    const wanted = keys.filter((key) =>
      key
        .split(/[.,]/)
        .filter((_, i) => i % 2 === 0)
        .every((t) => names.has(t)),
    );
    const joins = await joinsOf(tables);
    const found = joins.map((j) => `${j.left.dataset}.${j.left.column},${j.right.dataset}.${j.right.column}`);
    expect(found.sort()).toEqual(wanted.sort());
    expect(wanted).toHaveLength(11);
  });
});
