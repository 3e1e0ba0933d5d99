import { readFileSync, statSync } from "node:fs";
import { seedToPublicNkey } from "@muster/shared/nkey.ts";
import { expect, it } from "vitest";
import { openKeys } from "./keys.ts";
import { testHome } from "./testing.ts";

it("makes a key and a password for each process once, and lets the others keep theirs when one is added", () => {
  const { home, remove } = testHome();
  const first = openKeys(home, ["catalog", "ml-worker"]);
  const again = openKeys(home, ["catalog", "ml-worker", "planner"]);
  expect(Object.keys(again.ring)).toEqual(["catalog", "ml-worker", "planner"]);
  expect(again.ring).toMatchObject(first.ring);
  expect(new Set(Object.values(again.ring)).size).toBe(3);
  expect(again.databasePassword("ml-worker")).toBe(first.databasePassword("ml-worker"));
  expect(again.databasePassword("planner")).not.toBe(again.databasePassword("catalog"));
  expect(JSON.parse(readFileSync(again.ringFile, "utf8"))).toEqual(again.ring);
  expect(seedToPublicNkey(readFileSync(again.seedFile("catalog"), "utf8"))).toBe(again.ring.catalog);
  expect(statSync(again.seedFile("catalog")).mode & 0o777).toBe(0o600);
  remove();
});
