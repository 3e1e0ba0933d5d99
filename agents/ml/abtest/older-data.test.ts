import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLake } from "@muster/shared/warehouse/lake.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { expect, it } from "vitest";
import { checkServable, olderData, saysOlder } from "./older-data.ts";

it("names what changed since and how old it is; refuses where features are looked up as they were then", async () => {
  const lake = await openLake(await mkdtemp(join(tmpdir(), "older-")));
  const write = async (name: string, day: string) => {
    const now = new Date(`2026-05-${day}T10:00:00.000Z`);
    const written = await writeQuery(lake, {
      ...{ name, kind: "source", sql: `SELECT ${day} AS one`, inputs: [], origin: "a test", now },
    });
    return `${name}@${written.version}`;
  };
  const scope = [await write("orders", "01"), await write("people", "02")];
  expect(await olderData({ scope }, lake)).toEqual([]);
  expect(saysOlder([])).toBe("");
  await write("orders", "20");
  const older = await olderData({ scope }, lake);
  const [trainedOn, newest] = ["2026-05-01T10:00:00.000Z", "2026-05-20T10:00:00.000Z"];
  expect(older).toEqual([{ dataset: "orders", trainedOn, newest }]);
  expect(saysOlder(older)).toBe(
    "; the challenger was trained before orders changed (2026-05-01 10:00, by now 2026-05-20 10:00)",
  );

  const served = { name: "churn", version: 2, lookup: ["orders_30d", "a", "b", "c"] };
  expect(() => checkServable({ ...served, lookup: null }, older)).not.toThrow();
  expect(() => checkServable(served, [])).not.toThrow();
  expect(() => checkServable(served, older)).toThrow(
    expect.objectContaining({
      code: "conflict",
      message: expect.stringMatching(/looks up orders_30d, a, b and others as of 2026-05-01, and orders changed since/),
    }),
  );
});
