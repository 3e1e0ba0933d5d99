import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { expect, test } from "vitest";
import type { DatasetFacts } from "./dataset-facts.ts";
import { aboutSame, nowOf } from "./now-of.ts";

const facts = (name: string, time: string | null, range: Record<string, string>): DatasetFacts => ({
  manifest: { name, rows: 1, columns: [], time, arrived: null },
  timeRange: Object.fromEntries(Object.entries(range).map(([column, max]) => [column, { min: "2020-01-01", max }])),
  distinct: {},
  missing: {},
  classes: null,
});
const event = { entity: "who", start: "begin", end: "finish" };

test("now is the newest event time of all tables about the entity", () => {
  const label = facts("contracts", "begin", { begin: "2026-05-01", finish: "2027-01-01" });
  const found = nowOf(label, [facts("usage", "at", { at: "2026-06-30" })], event);
  expect(found.now).toBe("2026-06-30");
  expect(found.said).toContain("contracts, usage");
});

test("without an event time the newest start counts, never a planned end; without any time nothing does", () => {
  const label = facts("contracts", null, { begin: "2026-05-01", finish: "2027-01-01" });
  expect(nowOf(label, [], event).now).toBe("2026-05-01");
  expect(nowOf(label, [], undefined)).toEqual({ now: null, said: null });
});

test("tables about the same entity have its key, whatever its case, and a time", () => {
  const table = (name: string, key: string, time: string | null) =>
    ({ name, time, columns: [{ name: key, type: "text" }] }) as unknown as DatasetManifest;
  const sources = [table("a", "Who", "t"), table("b", "who", null), table("c", "what", "t"), table("own", "who", "t")];
  expect(aboutSame(sources, "own", "who").map(({ name }) => name)).toEqual(["a"]);
  expect(aboutSame(sources, "own", undefined)).toEqual([]);
});
