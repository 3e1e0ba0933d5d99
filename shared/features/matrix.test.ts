import { beforeEach, describe, expect, it } from "vitest";
import type { Feature } from "../domain/feature.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { compileMatrix } from "./matrix.ts";
import { columns, createTable, testEngine } from "./testing.ts";
import { flatProblem, testProblem } from "./testing-problem.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

describe("the matrix of a problem over time", () => {
  const contracts = columns("customer:text", "plan:text", "start:date", "end:date");
  const events = columns("customer:text", "at:timestamp", "loaded:timestamp");
  const source = {
    dataset: { relation: "contracts", columns: contracts },
    tables: { events: { relation: "events", columns: events } },
  };
  const features: Feature[] = [
    { kind: "column", name: "plan", column: "plan", type: "text" },
    { kind: "age_days", name: "tenure", column: "start", at: null },
    {
      kind: "window",
      name: "events_30d",
      table: "events",
      key: "customer",
      localKey: "customer",
      time: "at",
      arrived: "loaded",
      aggregate: "count",
      column: null,
      days: 30,
      where: null,
    },
  ];
  beforeEach(async () => {
    await createTable(engine, "contracts", {
      columns: contracts,
      rows: [
        ["c", "old", "2025-01-01", null],
        ["c", "new", "2025-09-01", "2026-02-01"],
        ["d", "old", "2025-06-01", "2025-08-01"],
        ["e", "new", "2026-05-01", null],
      ],
    });
    await createTable(engine, "events", {
      columns: events,
      rows: [
        ["c", "2025-09-15 00:00:00", "2025-09-15 00:00:00"],
        ["c", "2025-09-20 00:00:00", "2025-10-02 00:00:00"],
        ["c", "2025-12-20 00:00:00", "2025-12-20 00:00:00"],
        ["e", "2026-06-30 12:00:00", "2026-06-30 12:00:00"],
      ],
    });
  });
  const matrix = (role: "training" | "holdout" | "scoring") =>
    engine.query(compileMatrix(engine.dialect, testProblem(), { features }, source, role).sql);

  it("gives each role its cutoffs, labels and values known then", async () => {
    const training = await matrix("training");
    expect(
      training.map(({ __row, __entity, __label, plan, tenure, events_30d }) => [
        __row,
        __entity,
        __label,
        plan,
        tenure,
        events_30d,
      ]),
    ).toEqual(
      expect.arrayContaining([
        [expect.any(Number), "c", "0", "old", 181, 0],
        [expect.any(Number), "d", "1", "old", 30, 0],
        [2, "c", "0", "new", 30, 1],
      ]),
    );
    expect(training.map((r) => r.__row)).toEqual([0, 1, 2]);
    expect(await matrix("holdout")).toMatchObject([{ __entity: "c", __label: "0", plan: "new", events_30d: 1 }]);
    const scoring = await matrix("scoring");
    expect(scoring.map((r) => [r.__entity, r.__label, r.events_30d]).sort()).toEqual([
      ["c", null, 0],
      ["e", null, 1],
    ]);
  });

  it("has the columns of its features in order after its own", () => {
    const compiled = compileMatrix(engine.dialect, testProblem(), { features }, source, "training");
    expect(compiled.columns).toEqual([
      { name: "plan", type: "category" },
      { name: "tenure", type: "number" },
      { name: "events_30d", type: "number" },
    ]);
    expect(compiled.rawColumns.map((c) => c.name)).toEqual(["plan", "start"]);
  });

  it("never reads the interval's end", () => {
    const leak: Feature = { kind: "is_missing", name: "open", column: "end" };
    expect(() => compileMatrix(engine.dialect, testProblem(), { features: [leak] }, source, "training")).toThrow(
      /isn't known at the cutoff/,
    );
  });
});

describe("the matrix of a flat table", () => {
  const flat = columns("id:text", "x:number", "left:text");
  const rows = Array.from({ length: 500 }, (_, i) => [`e${i % 400}`, i, i % 2 ? "yes" : "no"]);
  const features: Feature[] = [{ kind: "column", name: "x", column: "x", type: "number" }];
  const source = { dataset: { relation: "flat", columns: flat }, tables: {} };
  const problem = flatProblem({ entity: "id" });

  it("has the same rows in the same order whatever the table's", async () => {
    const { sql } = compileMatrix(engine.dialect, problem, { features }, source, "training");
    await createTable(engine, "flat", { columns: flat, rows });
    const first = await engine.query(sql);
    engine.close();
    engine = await testEngine(1);
    await createTable(engine, "flat", { columns: flat, rows: rows.toReversed() });
    expect(await engine.query(sql)).toEqual(first);
    expect(first.length).toBeGreaterThan(350);
  });

  it("scores every row, without its label", async () => {
    await createTable(engine, "flat", { columns: flat, rows });
    const scored = await engine.query(compileMatrix(engine.dialect, problem, { features }, source, "scoring").sql);
    expect(scored.length).toBe(rows.length);
    expect(scored.every((row) => row.__label === null)).toBe(true);
  });

  it("reads a share of the entities where a sample is asked for", async () => {
    await createTable(engine, "flat", { columns: flat, rows });
    const all = compileMatrix(engine.dialect, problem, { features }, source, "training").sql;
    const some = compileMatrix(
      engine.dialect,
      problem,
      { features },
      { ...source, sample: { share: 0.3, salt: "a" } },
      "training",
    ).sql;
    const count = async (sql: string) => Number((await engine.query(`SELECT count(*) AS n FROM (${sql})`))[0]!.n);
    const share = (await count(some)) / (await count(all));
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });
});
