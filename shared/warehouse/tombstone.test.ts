import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pinOf } from "../domain/dataset.ts";
import { type Lake, openLake } from "./lake.ts";
import { bury, standingInFor, tombstoneOf } from "./tombstone.ts";
import { openPins, writeQuery } from "./write-query.ts";

let home: string;
let lake: Lake;
const now = new Date("2026-01-02T03:04:05Z");
const write = async (sql: string) => {
  const { name, version } = await writeQuery(lake, {
    ...{ name: "t", kind: "source" as const, sql, inputs: [], origin: "a test", now },
  });
  return pinOf(name, version);
};
const erased = { at: now.toISOString(), reason: "erased" as const, id: "ers_1" };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-tombstone-"));
  lake = await openLake(home);
});
afterEach(() => rm(home, { recursive: true, force: true }));

it("destroys the rows of a version, keeps its manifest, and says so to whoever reads it", async () => {
  const old = await write("SELECT 1 AS a");
  const pin = await write("SELECT 2 AS a");
  expect(await bury(lake, old, erased)).toBeGreaterThan(0);
  expect(existsSync(lake.file(old))).toBe(false);
  expect((await lake.manifest(old)).rows).toBe(1);
  expect(await lake.versions("t")).toEqual([pin]);
  expect(await lake.everyVersion("t")).toEqual([old, pin]);
  const told = { code: "not_found", message: expect.stringMatching(/was erased on 2026-01-02 \(ers_1\)/) };
  await expect(openPins(lake, { it: old })).rejects.toMatchObject(told);
  await expect(lake.resolve(old)).rejects.toMatchObject(told);
  expect(await lake.resolve("t")).toBe(pin);
  // Another process that held the manifest in memory reads the tombstone, too.
  await expect((await openLake(home)).standing(old)).rejects.toMatchObject(told);
});

it("a crash between tombstone and file leaves nothing readable, and the next call takes the file away", async () => {
  const old = await write("SELECT 1 AS a");
  await write("SELECT 2 AS a");
  const { mkdir, rename } = await import("node:fs/promises");
  await rename(lake.file(old), `${home}/aside`);
  await mkdir(lake.file(old));
  await expect(bury(lake, old, erased)).rejects.toThrow();
  expect(await tombstoneOf(lake, old)).toEqual({ ...erased, successor: null });
  await rm(lake.file(old), { recursive: true });
  await rename(`${home}/aside`, lake.file(old));
  await expect(openPins(lake, { it: old })).rejects.toMatchObject({ code: "not_found" });
  await bury(lake, old, { ...erased, id: "ers_2" });
  expect(existsSync(lake.file(old))).toBe(false);
  expect(await tombstoneOf(lake, old)).toEqual({ ...erased, successor: null });
});

it("takes content anew that retention removed, never content that was erased", async () => {
  const [a, b] = [await write("SELECT 1 AS a"), await write("SELECT 2 AS a")];
  await write("SELECT 3 AS a");
  await bury(lake, a, { ...erased, reason: "retired", id: "gc_1" });
  await bury(lake, b, erased);
  expect(await write("SELECT 1 AS a")).toBe(a);
  await lake.standing(a);
  expect(await lake.resolve("t")).toBe(a);
  await expect(write("SELECT 2 AS a")).rejects.toMatchObject({ code: "conflict", data: { id: "ers_1" } });
  expect(await lake.resolve("t")).toBe(a);
});

it("names the version that stands in for an erased one, over several erasures, and none where none does", async () => {
  const [a, b, c] = [await write("SELECT 1 AS a"), await write("SELECT 2 AS a"), await write("SELECT 3 AS a")];
  await bury(lake, a, { ...erased, successor: b.slice(2) });
  expect(await standingInFor(lake, a)).toBe(b);
  await bury(lake, b, { ...erased, successor: c.slice(2) });
  expect(await standingInFor(lake, a)).toBe(c);
  await bury(lake, c, erased);
  await expect(standingInFor(lake, a)).rejects.toMatchObject({ code: "not_found" });
});
