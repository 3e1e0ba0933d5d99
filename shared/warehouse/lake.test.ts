import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pinOf } from "../domain/dataset.ts";
import { openEngine } from "./duckdb.ts";
import { type Lake, openLake } from "./lake.ts";
import { openPins, writeQuery } from "./write-query.ts";

let home: string;
let lake: Lake;
const now = new Date("2026-01-02T03:04:05Z");

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-lake-"));
  lake = await openLake(home);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const write = (sql: string, more: Partial<Parameters<typeof writeQuery>[1]> = {}) =>
  writeQuery(lake, { name: "t", kind: "labels", sql, inputs: [], origin: "a test", now, ...more });
const pin = (m: { name: string; version: string }) => pinOf(m.name, m.version);

describe("the lake", () => {
  it("gives the same content the same version and keeps one file of it", async () => {
    const first = await write("SELECT 1 AS a, 'x' AS b");
    const again = await write("SELECT 1::INTEGER AS a, 'x' AS b", { now: new Date(0) });
    expect(again).toEqual(first);
    expect((await readdir(join(lake.folder, "t"))).sort()).toEqual([
      `${first.version}.json`,
      `${first.version}.parquet`,
      "manifest.json",
    ]);
    expect(await readdir(join(lake.folder, ".scratch"))).toEqual([]);
  });

  it.each([
    ["another row order", "SELECT unnest([2, 1]) AS a"],
    ["another name", "SELECT unnest([1, 2]) AS b"],
    ["another type", "SELECT unnest([1, 2])::DOUBLE AS a"],
    ["a missing value", "SELECT unnest([1, NULL]) AS a"],
    ["one row more", "SELECT unnest([1, 2, 2]) AS a"],
  ])("gives %s another version", async (_, sql) => {
    const base = await write("SELECT unnest([1, 2]) AS a");
    expect((await write(sql)).version).not.toBe(base.version);
  });

  it("tells texts apart that are the same end to end, and a missing from an empty text", async () => {
    const versions = new Set<string>();
    for (const list of ["['ab', 'c']", "['a', 'bc']", "['abc', '']", "['abc', NULL]"]) {
      versions.add((await write(`SELECT unnest(${list}) AS a`)).version);
    }
    expect(versions.size).toBe(4);
  });

  it("computes one version whatever the threads and across row groups", async () => {
    const sql =
      "SELECT i, hash(i)::VARCHAR AS h, CASE WHEN i % 7 > 0 THEN i / 3 END AS d FROM range(200000) t(i) ORDER BY i";
    const one = await write(sql, { limits: { threads: 1 } });
    const two = await write(sql, { name: "u", limits: { threads: 2 } });
    expect(two.version).toBe(one.version);
    expect((await write(sql.replace("i / 3", "CASE WHEN i < 199999 THEN i / 3 END"))).version).not.toBe(one.version);
  });

  it("names the newest version, also when an old content comes back", async () => {
    const a = await write("SELECT 1 AS a");
    const b = await write("SELECT 2 AS a");
    expect(b.previous).toBe(a.version);
    expect([await lake.isNewest(pin(a)), await lake.isNewest(pin(b))]).toEqual([false, true]);
    await write("SELECT 1 AS a");
    expect(await lake.resolve("t")).toBe(pin(a));
    expect(await lake.resolve(pin(b))).toBe(pin(b));
    expect(await lake.versions("t")).toEqual([pin(b), pin(a)]);
    expect((await lake.list()).map((m) => m.version)).toEqual([a.version]);
  });

  it("keeps snapshots read-only", async () => {
    const a = await write("SELECT 1 AS a");
    expect((await stat(lake.file(pin(a)))).mode & 0o777).toBe(0o444);
  });

  it("says what to do about a dataset or a version it doesn't hold", async () => {
    await expect(lake.resolve("weather")).rejects.toMatchObject({ code: "not_found", message: /muster load/ });
    await write("SELECT 1 AS a");
    await expect(lake.resolve(`t@${"0".repeat(64)}`)).rejects.toMatchObject({
      code: "not_found",
      message: /no such version/,
    });
    await expect(lake.resolve("../t")).rejects.toMatchObject({ code: "not_found" });
    expect(await lake.newest("nothing")).toBeNull();
  });

  it("refuses a name that belongs to another kind", async () => {
    await write("SELECT 1 AS a");
    await expect(write("SELECT 2 AS a", { kind: "features" })).rejects.toMatchObject({ code: "conflict" });
  });

  it("reads the versions it was given and not their neighbours", async () => {
    const a = await write("SELECT 1 AS a");
    const b = await write("SELECT 2 AS a");
    const engine = await openPins(lake, { before: pin(a), after: pin(b) });
    expect(await engine.query("SELECT before.a AS x, after.a AS y FROM before, after")).toEqual([{ x: 1, y: 2 }]);
    engine.close();
    const alone = await openPins(lake, [pin(a)]);
    await expect(alone.query(`SELECT * FROM read_parquet('${lake.file(pin(b))}')`)).rejects.toMatchObject({
      code: "internal",
    });
    alone.close();
    await expect(openPins(lake, [pin(a), pin(b)])).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("writes a query over inputs in storage types, with what isn't finite as missing", async () => {
    const a = await write("SELECT unnest([1, 2]) AS a");
    const m = await writeQuery(lake, {
      name: "f",
      kind: "features",
      sql: "SELECT a::TINYINT AS small, sum(a) OVER () AS big, 1.5::DECIMAL(3,1) AS dec, CASE a WHEN 1 THEN 'inf'::DOUBLE ELSE 'nan'::DOUBLE END AS bad, TIMESTAMPTZ '2024-01-01 00:00:00+02' AS at FROM t ORDER BY a",
      inputs: [pin(a)],
      time: "at",
      origin: "a test",
      now,
    });
    expect(m.columns).toEqual([
      { name: "small", type: "integer" },
      { name: "big", type: "integer" },
      { name: "dec", type: "number" },
      { name: "bad", type: "number" },
      { name: "at", type: "timestamp" },
    ]);
    expect(m).toMatchObject({ rows: 2, time: "at", writtenAt: now.toISOString() });
    const engine = await openPins(lake, [pin(m)]);
    expect(await engine.query("SELECT * FROM f LIMIT 1")).toEqual([
      { small: 1, big: 3, dec: 1.5, bad: null, at: "2023-12-31T22:00:00.000Z" },
    ]);
    engine.close();
  });

  it("leaves nothing behind when a query fails", async () => {
    await expect(write("SELECT error('x') AS a")).rejects.toMatchObject({ code: "internal" });
    expect(await lake.list()).toEqual([]);
    expect(await readdir(join(lake.folder, ".scratch"))).toEqual([]);
  });

  it("refuses to work in a folder that DuckDB would read as a pattern", async () => {
    await chmod(home, 0o700);
    await expect(openEngine({ files: [join(home, "a[1].parquet")], memoryMb: 64, threads: 1 })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });
});
