import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkWritten } from "./check-written.ts";

describe("what is written is looked at before it is published", () => {
  let home: string;
  let lake: Lake;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "muster-written-"));
    lake = await openLake(home);
  });
  afterAll(() => rm(home, { recursive: true }));

  const day = "TIMESTAMP '2026-01-01 00:00:00'";
  const write = (rows: string, role: "training" | "scoring") =>
    writeQuery(lake, {
      name: "matrix_rows",
      kind: "features",
      sql: `SELECT * FROM (VALUES ${rows}) AS t(__entity, __cutoff, __label, x) ORDER BY 1`,
      inputs: [],
      check: (engine, relation) => checkWritten(engine, relation, role),
      origin: "a test",
      now: new Date("2026-11-21T00:00:00Z"),
    });

  test("good rows become the newest version; bad ones leave it as it was", async () => {
    const good = await write(`('a', ${day}, '1', 1.0), ('b', ${day}, '0', 2.0)`, "training");
    const newest = async () => (await lake.newest("matrix_rows"))!.version;
    expect(await newest()).toBe(good.version);
    for (const rows of [
      `('a', ${day}, '1', 1.0), ('a', ${day}, '0', 2.0)`,
      `('a', ${day}, '1', 1.0), ('b', ${day}, NULL, 2.0)`,
    ])
      await expect(write(rows, "training")).rejects.toMatchObject({ code: "unfit" });
    expect(await newest()).toBe(good.version);
    expect(await lake.versions("matrix_rows")).toHaveLength(1);
  });

  test("rows to be scored have no label, and equal rows without a cutoff are repeated too", async () => {
    await expect(write(`('a', NULL, NULL, 1.0), ('a', NULL, NULL, 1.0)`, "scoring")).rejects.toMatchObject({
      code: "unfit",
    });
    expect((await write(`('a', ${day}, NULL, 1.0), ('b', ${day}, NULL, 1.0)`, "scoring")).rows).toBe(2);
  });
});
