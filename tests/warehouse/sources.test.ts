import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import { openLake } from "@muster/shared/warehouse/lake.ts";
import { lakeSource } from "@muster/shared/warehouse/lake-source.ts";
import { openPostgresSource } from "@muster/shared/warehouse/postgres/source.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { describe, expect, test } from "vitest";
import { startWarehouse } from "../support/shop-warehouse.ts";
import { sourceConforms } from "../support/source-conformance.ts";

const values = `(1, 'A', TIMESTAMP '2026-01-01'), (2, 'B', TIMESTAMP '2026-01-02'), (3, 'C', TIMESTAMP '2026-01-03'),
  (4, 'D', TIMESTAMP '2026-01-04'), (5, NULL, NULL)`;

describe("the lake", () => {
  sourceConforms(async () => {
    const home = await mkdtemp(join(tmpdir(), "muster-lake-source-"));
    const lake = await openLake(home);
    const write = (name: string, sql: string) =>
      writeQuery(lake, { name, kind: "source", sql, inputs: [], origin: "a test", now: new Date(0) });
    const items = (rows: string) =>
      `SELECT i::BIGINT AS id, n::VARCHAR AS name, t AS at FROM (VALUES ${rows}) v(i, n, t)`;
    await write("items", items(values));
    await write("empty", "SELECT 1 AS id WHERE false");
    await write("others", "SELECT 1 AS id");
    return {
      source: lakeSource(lake),
      schema: "lake",
      items: "items",
      empty: "empty",
      manifestOf: async (table) => (await lake.newest(table))!,
      change: async () => void (await write("items", items(values.replace("'A'", "'Z'")))),
      close: () => rm(home, { recursive: true }),
    };
  });
});

describe("a PostgreSQL warehouse", () => {
  sourceConforms(async () => {
    const warehouse = await startWarehouse(`
      CREATE TABLE shop.items (id int, name varchar(20), at timestamptz);
      INSERT INTO shop.items SELECT i, n, t AT TIME ZONE 'UTC' FROM (VALUES ${values}) v(i, n, t);
      CREATE TABLE shop.empty (id int);
      CREATE TABLE shop."Odd ""name""; --" (a int);
      CREATE VIEW shop.a_view AS SELECT id FROM shop.items`);
    const source = openPostgresSource(warehouse.connection, warehouse.password, () => warehouse.lake.scratch());
    const manifestOf = async (table: string): Promise<DatasetManifest> => {
      const { columns, ...version } = await source.version("shop", table);
      const types = Object.fromEntries(columns.map((c) => [c.name, c.sourceType]));
      return {
        ...{ ...version, name: "it", kind: "source", columns, origin: "", writtenAt: new Date(0).toISOString() },
        ...{ previous: null, notes: [], place: { source: "shop", schema: "shop", table, types } },
      };
    };
    return {
      source,
      schema: "shop",
      items: "items",
      empty: "empty",
      manifestOf,
      change: async () => void (await warehouse.admin.query("UPDATE shop.items SET name = 'Z' WHERE id = 1")),
      close: () => warehouse.stop(),
    };
  });
});

test("what stands in a lake is opened as its own version only", async () => {
  const lake = await openLake(await mkdtemp(join(tmpdir(), "muster-lake-source-")));
  await expect(openPins(lake, [pinOf("items", "0".repeat(64))])).rejects.toMatchObject({ code: "not_found" });
});
