import { beforeEach, describe, expect, it } from "vitest";
import type { Engine, Row } from "../warehouse/duckdb.ts";
import { compileLabels, labelRows } from "./labels.ts";
import { inShare } from "./side.ts";
import { columns, createTable, testEngine } from "./testing.ts";
import { flatProblem, testProblem } from "./testing-problem.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

describe("labels of an interval that ends", () => {
  const schema = columns("customer:text", "plan:text", "start:date", "end:date");
  const source = { relation: "contracts", columns: schema };
  type Contract = [string, string, string | null, string | null];
  const labels = async (rows: Contract[], changes = {}, own: string[] = []) => {
    await createTable(engine, "contracts", { columns: schema, rows });
    return engine.query(
      `SELECT * FROM (${labelRows(engine.dialect, testProblem(changes), source, own)}) ORDER BY __cutoff, __entity`,
    );
  };
  /** Labels at 2026-01-01, by entity. */
  const atNewYear = async (rows: Contract[], changes = {}) => {
    const only = { cutoffs: { training: [], holdout: "2026-01-01", scoring: null }, ...changes };
    return Object.fromEntries((await labels(rows, only)).map((r) => [r.__entity, r.__label]));
  };
  const OLD = "2024-05-05";

  it("hold exactly those active at the cutoff", async () => {
    const found = await atNewYear([
      ["running", "a", OLD, null],
      ["from the cutoff", "a", "2026-01-01", null],
      ["from the day after", "a", "2026-01-02", null],
      ["ended before", "a", OLD, "2025-12-31"],
      ["ended at the cutoff", "a", OLD, "2026-01-01"],
      ["never began", "a", null, null],
      ["ends before it starts", "a", "2025-11-01", "2025-10-01"],
    ]);
    expect(found).toEqual({ running: "0", "from the cutoff": "0" });
  });

  it("are 1 for an end after the cutoff up to the window's end and no later", async () => {
    const found = await atNewYear([
      ["first day", "a", OLD, "2026-01-02"],
      ["window's end", "a", OLD, "2026-04-01"],
      ["day after", "a", OLD, "2026-04-02"],
    ]);
    expect(found).toEqual({ "first day": "1", "window's end": "1", "day after": "0" });
  });

  it("are 0 where a new interval starts within the grace, however short it is planned", async () => {
    const found = await atNewYear([
      ["same day", "a", OLD, "2026-02-01"],
      ["same day", "b", "2026-02-01", null],
      ["day 30", "a", OLD, "2026-02-01"],
      ["day 30", "b", "2026-03-03", null],
      ["day 31", "a", OLD, "2026-02-01"],
      ["day 31", "b", "2026-03-04", null],
      ["after the window", "a", OLD, "2026-03-31"],
      ["after the window", "b", "2026-04-20", null],
      ["another's", "a", OLD, "2026-02-01"],
    ]);
    expect(found).toEqual({ "same day": "0", "day 30": "0", "day 31": "1", "after the window": "0", "another's": "1" });
  });

  it("are 0 while another interval of the entity runs on, and 1 where all end in the window", async () => {
    const found = await atNewYear([
      ["one runs on", "a", OLD, "2026-02-01"],
      ["one runs on", "b", "2025-01-01", null],
      ["both end", "a", OLD, "2026-02-01"],
      ["both end", "b", "2025-01-01", "2026-03-01"],
      ["same end", "a", OLD, "2026-02-01"],
      ["same end", "b", "2025-01-01", "2026-02-01"],
      ["successor ends too", "a", OLD, "2026-01-10"],
      ["successor ends too", "b", "2026-01-12", "2026-02-20"],
      ["successor ends later", "a", OLD, "2026-01-10"],
      ["successor ends later", "b", "2026-01-12", "2026-05-20"],
    ]);
    expect(found).toEqual({
      "one runs on": "0",
      "both end": "1",
      "same end": "1",
      "successor ends too": "1",
      "successor ends later": "0",
    });
  });

  it("give one row per entity and cutoff, with the newest interval's columns", async () => {
    const rows = await labels(
      [
        ["c", "old", OLD, null],
        ["c", "new", "2025-08-01", null],
        ["c", "later", "2026-03-01", null],
      ],
      {},
      ["plan", "customer"],
    );
    expect(rows.map((r) => [String(r.__cutoff).slice(0, 10), r.plan, r.__split, r.__label])).toEqual([
      ["2025-07-01", "old", "training", "0"],
      ["2025-10-01", "new", "training", "0"],
      ["2026-01-01", "new", "holdout", "0"],
      ["2026-07-01", "later", "scoring", null],
    ]);
    expect(rows.map((r) => String(r.__known_at).slice(0, 10))).toEqual([
      "2025-10-31",
      "2026-01-31",
      "2026-05-01",
      "2026-10-31",
    ]);
  });

  it("leave out cutoffs whose window and grace haven't closed", async () => {
    const cutoffs = { training: ["2026-01-01", "2026-04-01"], holdout: null, scoring: "2026-07-01" };
    const rows = await labels([["c", "a", OLD, null]], { cutoffs });
    expect(rows.map((r) => r.__split)).toEqual(["training", "scoring"]);
    const day = { cutoffs: { training: ["2026-01-01"], holdout: null, scoring: null } };
    expect(() => labelRows(engine.dialect, testProblem({ ...day, now: "2026-04-30T23:59:59.000Z" }), source)).toThrow(
      /no cutoff has a known label/,
    );
    expect(labelRows(engine.dialect, testProblem({ ...day, now: "2026-05-01" }), source)).toContain("training");
  });

  it("can't be read with the end as a column", () => {
    expect(() => labelRows(engine.dialect, testProblem(), source, ["end"])).toThrow(/isn't known at the cutoff/);
  });
});

describe("labels of a flat table", () => {
  const schema = columns("id:text", "x:number", "at:date", "left:text");
  const source = { relation: "flat", columns: schema };
  const rowsOf = (
    n: number,
    id: (i: number) => string,
    label: (i: number) => string | null = (i) => (i % 3 ? "no" : "yes"),
  ) =>
    Array.from({ length: n }, (_, i) => [id(i), i / 7, `2026-01-${String(1 + (i % 28)).padStart(2, "0")}`, label(i)]);
  const labels = async (rows: ReturnType<typeof rowsOf>, changes = {}): Promise<Row[]> => {
    await createTable(engine, "flat", { columns: schema, rows });
    return engine.query(compileLabels(engine.dialect, flatProblem(changes), source));
  };

  it("are one row per table row, missing labels for scoring only", async () => {
    const rows = await labels(
      rowsOf(
        90,
        (i) => `e${i}`,
        (i) => (i % 9 === 0 ? null : "no"),
      ),
      { entity: "id" },
    );
    expect(rows.length).toBe(90);
    expect(rows.filter((r) => r.__split === "scoring").length).toBe(10);
    expect(rows.every((r) => (r.__split === "scoring") === (r.__label === null))).toBe(true);
    expect(rows.every((r) => r.__cutoff === null && r.__known_at === null)).toBe(true);
  });

  it("aren't there for rows so young that theirs isn't known yet", async () => {
    const schema = columns("id:text", "at:timestamp", "left:text");
    const data = Array.from({ length: 10 }, (_, i) => [`r${i}`, `2026-03-0${i + 1}`.replace("010", "10"), "yes"]);
    await createTable(engine, "young", { columns: schema, rows: data });
    const problem = flatProblem({
      ...{ dataset: "young", entity: "id", time: "at", labelDelayDays: 3, now: "2026-03-10T00:00:00.000Z" },
      holdout: { kind: "last_time", share: 0.2, time: "at" },
    });
    const rows = await engine.query(compileLabels(engine.dialect, problem, { relation: "young", columns: schema }));
    expect(rows.map((row) => [row.__entity, row.__split, row.__label]).slice(-4)).toEqual([
      ["r6", "holdout", "yes"],
      ["r7", "scoring", null],
      ["r8", "scoring", null],
      ["r9", "scoring", null],
    ]);
    expect(String(rows[0]!.__known_at)).toContain("2026-03-04");
  });

  it("hold out whole entities, those that the same hash names here", async () => {
    const rows = await labels(
      rowsOf(3000, (i) => `ünit ${i % 500}`),
      { entity: "id" },
    );
    for (const row of rows) {
      expect(row.__split === "holdout", String(row.__entity)).toBe(inShare(String(row.__entity), 0.2, "s"));
    }
    const held = new Set(rows.filter((r) => r.__split === "holdout").map((r) => r.__entity));
    expect(rows.some((r) => r.__split === "training" && held.has(r.__entity))).toBe(false);
    expect(held.size).toBeGreaterThan(70);
    expect(held.size).toBeLessThan(130);
  });

  it("name each row of a table without a key, with equal rows on one side", async () => {
    const same = [["a", 1, "2026-01-01", "yes"]] as ReturnType<typeof rowsOf>;
    const rows = await labels([...rowsOf(400, (i) => `e${i}`), ...same, ...same, ["a", 1, "2026-01-01", "no"]]);
    expect(new Set(rows.map((r) => r.__entity)).size).toBe(403);
    const twins = rows.filter((r) => String(r.__entity).includes("~")).map((r) => String(r.__entity).split("~")[0]);
    expect(twins.length).toBe(2);
    const family = rows.filter((r) => String(r.__entity).startsWith(twins[0]!));
    expect(family.length).toBe(3);
    expect(new Set(family.map((r) => r.__split)).size).toBe(1);
  });

  it("hold out the last share of time with whole moments on one side", async () => {
    const rows = await labels(
      rowsOf(2800, (i) => `e${i}`),
      {
        entity: "id",
        time: "at",
        holdout: { kind: "last_time", share: 0.25, time: "at" },
      },
    );
    const days = (split: string) => rows.filter((r) => r.__split === split).map((r) => String(r.__cutoff).slice(0, 10));
    expect(days("training").sort().at(-1)).toBe("2026-01-21");
    expect(days("holdout").sort()[0]).toBe("2026-01-22");
    expect(days("holdout").length).toBe(700);
  });

  it("give a regression's target as a number", async () => {
    const rows = await labels(
      rowsOf(5, (i) => `e${i}`),
      {
        entity: "id",
        task: "regression",
        label: { kind: "column", column: "x", positive: null },
      },
    );
    expect(rows.map((r) => typeof r.__label)).toEqual(Array(5).fill("number"));
  });

  it("can't be read with the label as a column", () => {
    expect(() => labelRows(engine.dialect, flatProblem(), source, ["left"])).toThrow(/is the label/);
    expect(() =>
      labelRows(engine.dialect, flatProblem({ label: { kind: "column", column: "gone", positive: null } }), source),
    ).toThrow(expect.objectContaining({ code: "not_found" }));
  });
});
