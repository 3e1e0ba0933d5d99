import { beforeEach, describe, expect, it } from "vitest";
import type { Engine } from "../../warehouse/duckdb.ts";
import { columns, createTable, testEngine } from "../testing.ts";
import { testProblem } from "../testing-problem.ts";
import { governs, measureEnds, measureOverwritten, untimely, updateSubject } from "./timing.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

describe("an update time", () => {
  it.each([
    ["status_updated_at", "status"],
    ["statusUpdatedAt", "status"],
    ["account_status_changed_on", "account_status"],
    ["updated_at", ""],
    ["last_modified", ""],
    ["LastUpdateTime", ""],
    ["last_updated_at", ""],
    ["created_at", null],
    ["update", ""],
    ["week_start", null],
  ])("is known by its name: %s", (name, subject) => {
    expect(updateSubject({ name, type: "timestamp" })).toBe(subject);
    expect(updateSubject({ name, type: "text" })).toBeNull();
  });
  it("speaks of the columns that carry its words, or of the whole row", () => {
    expect(governs("status", "account_status")).toBe(true);
    expect(governs("status", "accountStatus")).toBe(true);
    expect(governs("status", "statute")).toBe(false);
    expect(governs("", "anything")).toBe(true);
  });
});

describe("columns of an interval table", () => {
  const schema = columns(
    "customer:text",
    "plan:text",
    "start:date",
    "end:date",
    "reason:text",
    "state:text",
    "rare:text",
  );
  const table = { relation: "contracts", columns: schema };
  const timing = async (rows: (string | null)[][]) => {
    await createTable(engine, "contracts", { columns: schema, rows });
    return measureEnds(engine, testProblem(), table);
  };
  const rows = Array.from({ length: 100 }, (_, i) => {
    const over = i % 2 === 0;
    return [
      `c${i}`,
      ["a", "b"][i % 3 === 0 ? 0 : 1]!,
      "2025-01-01",
      over ? "2025-08-01" : null,
      over && i % 4 === 0 ? "T1" : null,
      over ? "closed" : "open",
      null,
    ];
  });

  it("that are filled only after the end, or tell it by their value, aren't known at the cutoff", async () => {
    const ends = await timing(rows);
    const say = (name: string) => untimely(name, "contracts", schema, { ends, overwritten: {}, filled: {} }, true);
    expect(say("reason")).toMatchObject({ reason: expect.stringMatching(/filled only once/), number: 0.5 });
    expect(say("state")).toMatchObject({ reason: expect.stringMatching(/tells whether/), number: 1 });
    expect(say("plan")).toBeNull();
    expect(say("rare")).toBeNull();
    expect(untimely("reason", "other", schema, { ends, overwritten: {}, filled: {} }, false)).toBeNull();
  });

  it("are judged without the ends of the hold-out", async () => {
    const ends = await timing([
      ...rows.slice(0, 2),
      ["h", "a", "2025-01-01", "2026-02-01", "T1", "closed", "hold-out only"],
    ]);
    expect(ends.rare).toMatchObject({ ended: 0, running: 0 });
  });
});

describe("a row that was written after the cutoff", () => {
  const schema = columns("customer:text", "account_status:text", "segment:text", "status_updated_at:timestamp");
  const table = { relation: "customers", columns: schema, dataset: "customers" };
  const labels = columns("__entity:text", "__cutoff:timestamp", "__split:text");
  const overwritten = async (updated: string) => {
    await createTable(engine, "labels", {
      columns: labels,
      rows: [
        ["a", "2025-07-01 00:00:00", "training"],
        ["b", "2025-07-01 00:00:00", "training"],
        ["b", "2026-01-01 00:00:00", "holdout"],
      ],
    });
    await createTable(engine, "customers", {
      columns: schema,
      rows: [
        ["a", "active", "x", "2025-01-01 00:00:00"],
        ["b", "closed", "x", updated],
      ],
    });
    return measureOverwritten(engine, "SELECT * FROM labels", table, "customer");
  };

  it("makes the columns that its time speaks of unreadable, with the share of training rows", async () => {
    const found = await overwritten("2025-07-01 00:00:00.000001");
    expect(found).toEqual({ "customers.status_updated_at": { rows: 2, after: 1 } });
    const say = (name: string) =>
      untimely(name, "customers", schema, { ends: {}, overwritten: found, filled: {} }, false);
    expect(say("account_status")).toMatchObject({ reason: expect.stringMatching(/overwritten in place/), number: 0.5 });
    expect(say("segment")).toBeNull();
  });

  it("isn't found where every row was written by the cutoff", async () => {
    const found = await overwritten("2025-07-01 00:00:00");
    expect(found).toEqual({ "customers.status_updated_at": { rows: 2, after: 0 } });
    expect(
      untimely("account_status", "customers", schema, { ends: {}, overwritten: found, filled: {} }, false),
    ).toBeNull();
  });
});
