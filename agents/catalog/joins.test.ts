import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findJoins, nameEvidence } from "./joins.ts";

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
      },
      {
        left: { dataset: "profiles", column: "customer_id" },
        right: { dataset: "customers", column: "id" },
        inclusion: 1,
        leftUnique: true,
        rightUnique: true,
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
