import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Source, SourceTable } from "@muster/shared/warehouse/source.ts";
import { afterAll, beforeAll, expect, test } from "vitest";

/** A source to be held to its contract: it has tables `items` (id integer, name text, at timestamp; 5 rows) and `empty` beside others. */
export type ConformingSource = {
  source: Source;
  /** The schema of the tables. */
  schema: string;
  items: string;
  empty: string;
  /** The manifest under which a table's version is opened. */
  manifestOf(table: string): Promise<DatasetManifest>;
  /** Changes one row of `items`, leaving their number. */
  change(): Promise<void>;
  close(): Promise<void>;
};

/** The one suite that every source passes. */
export function sourceConforms(open: () => Promise<ConformingSource>): void {
  let it: ConformingSource;
  beforeAll(async () => {
    it = await open();
  });
  afterAll(() => it.close());

  const crawl = async (limit: number) => {
    const found: SourceTable[] = [];
    for (let cursor: string | null = null, i = 0; i < 100; i++) {
      const part = await it.source.crawl(cursor, limit);
      expect(part.tables.length + part.refused.length).toBeLessThanOrEqual(limit);
      found.push(...part.tables);
      cursor = part.next;
      if (cursor === null) return found;
    }
    throw new Error("the crawl doesn't end");
  };

  test("says what it is", async () => {
    const { engine, role, canWrite } = await it.source.inspect();
    expect(engine.length + role.length).toBeGreaterThan(2);
    expect(canWrite).toBe(false);
  });

  test("gives the same tables whatever the size of the parts, each once", async () => {
    const [one, many] = [await crawl(1), await crawl(1000)];
    expect(one).toEqual(many);
    const names = many.map(({ schema, table }) => `${schema}.${table}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining([`${it.schema}.${it.items}`, `${it.schema}.${it.empty}`]));
  });

  test("types columns in storage types", async () => {
    const items = (await crawl(1000)).find(({ table }) => table === it.items)!;
    expect(items.columns.map(({ name, type }) => `${name}:${type}`)).toEqual([
      "id:integer",
      "name:text",
      "at:timestamp",
    ]);
  });

  test("gives a version that stays as long as the rows do, empty tables too", async () => {
    for (const [table, rows] of [
      [it.items, 5],
      [it.empty, 0],
    ] as const) {
      const version = await it.source.version(it.schema, table);
      expect(version).toMatchObject({ rows, version: expect.stringMatching(/^[0-9a-f]{64}$/) });
      expect(await it.source.version(it.schema, table)).toEqual(version);
    }
    await expect(it.source.version(it.schema, "no such table")).rejects.toMatchObject({ code: "not_found" });
  });

  test("reads versions by the names they are given, in its dialect", async () => {
    const items = await it.manifestOf(it.items);
    const reader = await it.source.open({ mine: items, other: await it.manifestOf(it.empty) }, {});
    const d = reader.dialect;
    const rows = await reader.query(
      `WITH named AS (SELECT id, ${d.lower("name")} AS name, ${d.micros('"at"')} AS micros FROM mine)
       SELECT n.id, n.name, n.micros, (SELECT count(*) FROM other) AS others FROM named n WHERE n.id >= ? ORDER BY n.id`,
      [4],
    );
    expect(rows).toEqual([
      { id: 4, name: "d", micros: 1_767_484_800_000_000, others: 0 },
      { id: 5, name: null, micros: null, others: 0 },
    ]);
    reader.close();
  });

  test("writes nothing", async () => {
    const reader = await it.source.open({ mine: await it.manifestOf(it.items) }, {});
    for (const sql of [
      "DELETE FROM mine",
      "UPDATE mine SET name = 'x'",
      "INSERT INTO mine (id) VALUES (9)",
      "DROP TABLE mine",
    ])
      await expect(reader.query(sql)).rejects.toMatchObject({ name: "Fault" });
    expect(await reader.query("SELECT count(*) AS n, count(name) AS names FROM mine")).toEqual([{ n: 5, names: 4 }]);
    reader.close();
  });

  test("reads tables as they are now, whatever version they are, and leaves out what isn't there", async () => {
    const schema = it.schema;
    const { reader, tables } = await it.source.openNow(
      {
        mine: { schema, table: it.items },
        other: { schema, table: it.empty },
        none: { schema, table: "no such table" },
      },
      {},
    );
    expect(Object.keys(tables).sort()).toEqual(["mine", "other"]);
    expect(tables.mine).toEqual({
      columns: (await it.manifestOf(it.items)).columns.map(({ name, type }) => ({ name, type })),
      hidden: [],
    });
    const both = "SELECT (SELECT count(*) FROM mine) AS items, (SELECT count(*) FROM other) AS others";
    expect(await reader.query(both)).toEqual([{ items: 5, others: 0 }]);
    await expect(reader.query("DELETE FROM mine")).rejects.toMatchObject({ name: "Fault" });
    reader.close();
  });

  test("stops what takes too long, and what is interrupted", async () => {
    const names = [..."abcdefghijklm"];
    const endless = `SELECT count(*) AS n FROM ${names.map((as) => `mine ${as}`).join(", ")} WHERE ${names.map((as) => `${as}.id`).join(" + ")} > 1e9`;
    const pinned = { mine: await it.manifestOf(it.items) };
    const short = await it.source.open(pinned, { timeLimitMs: 1000 });
    await expect(short.query(endless)).rejects.toMatchObject({ code: "deadline" });
    expect(await short.query("SELECT count(*) AS n FROM mine")).toEqual([{ n: 5 }]);
    short.close();
    const long = await it.source.open(pinned, { timeLimitMs: 50_000 });
    const running = long.query(endless);
    const outcome = expect(running).rejects.toMatchObject({ code: "cancelled" });
    const poll = setInterval(() => long.interrupt(), 200);
    await outcome;
    clearInterval(poll);
    long.close();
  });

  test("holds an open reader to one view, and a changed table to another version", async () => {
    const before = await it.manifestOf(it.items);
    const reader = await it.source.open({ mine: before }, {});
    const sum = "SELECT count(*) AS n, min(name) AS first FROM mine";
    const seen = await reader.query(sum);
    await it.change();
    expect(await reader.query(sum)).toEqual(seen);
    reader.close();
    const after = await it.source.version(it.schema, it.items);
    expect(after.rows).toBe(before.rows);
    expect(after.version).not.toBe(before.version);
  });
}
