import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Feature } from "../domain/feature.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { compileView } from "./compile-sql.ts";
import { columns, createTable, testEngine } from "./testing.ts";

const own = columns("customer:text", "fee:number");
const spineColumns = [...columns("__entity:text", "__cutoff:timestamp"), ...own];
const eventColumns = columns(
  "customer:text",
  "at:timestamp",
  "loaded:timestamp",
  "amount:number",
  "units:integer",
  "kind:text",
);
const joined = { table: "events", key: "customer", localKey: "customer", time: "at", arrived: "loaded" };
const window = (
  name: string,
  aggregate: "count" | "sum" | "mean" | "min" | "max" | "distinct",
  days: number | null,
  column: string | null = null,
): Feature => ({
  kind: "window",
  name,
  ...joined,
  aggregate,
  column,
  days,
  where: null,
});

describe("a view over related tables", () => {
  let engine: Engine;
  const source = {
    spine: { relation: "spine", columns: own },
    tables: { events: { relation: "events", columns: eventColumns } },
  };
  beforeEach(async () => {
    engine = await testEngine();
    return () => engine.close();
  });
  const values = async (
    features: Feature[],
    spine: (string | number | null)[][],
    events: (string | number | null)[][],
  ) => {
    await createTable(engine, "spine", { columns: spineColumns, rows: spine });
    await createTable(engine, "events", { columns: eventColumns, rows: events });
    return engine.query(
      `SELECT * FROM (${compileView(engine.dialect, { features }, source).sql}) ORDER BY __entity, __cutoff`,
    );
  };
  const cutoff = "2026-01-31 00:00:00";
  const event = (at: string, loaded: string, amount: number | null = 1, units = 1, kind: string | null = "x") => [
    "c",
    at,
    loaded,
    amount,
    units,
    kind,
  ];

  it("counts the cutoff's own moment, not the window's first, and nothing from later", async () => {
    const [row] = await values(
      [window("n", "count", 30), window("all", "count", null)],
      [["c", cutoff, "c", 1]],
      [
        event(cutoff, cutoff),
        event("2026-01-31 00:00:00.000001", "2026-01-31 00:00:00.000001"),
        event("2026-01-01 00:00:00", "2026-01-01 00:00:00"),
        event("2026-01-01 00:00:00.000001", "2026-01-02 00:00:00"),
      ],
    );
    expect(row).toMatchObject({ n: 2, all: 3 });
  });

  it("leaves out what arrived after the cutoff and what never says when", async () => {
    const [row] = await values(
      [
        window("n", "count", 30),
        window("most", "max", 30, "amount"),
        { kind: "recency_days", name: "since", ...joined },
      ],
      [["c", cutoff, "c", 1]],
      [
        event("2026-01-20 00:00:00", "2026-01-20 00:00:00", 1),
        event("2026-01-25 00:00:00", "2026-01-31 00:00:00.000001", 99),
        ["c", "2026-01-26 00:00:00", null, 99, 1, "x"],
        ["c", null, "2026-01-26 00:00:00", 99, 1, "x"],
      ],
    );
    expect(row).toMatchObject({ n: 1, most: 1, since: 11 });
  });

  it("gives an event of ten minutes ago to a window of ten minutes only after its start", async () => {
    const [row] = await values(
      [window("n", "count", 10 / 1440)],
      [["c", "2026-01-31 12:10:00", "c", 1]],
      [event("2026-01-31 12:00:00", "2026-01-31 12:00:00"), event("2026-01-31 12:00:01", "2026-01-31 12:00:01")],
    );
    expect(row).toMatchObject({ n: 1 });
  });

  it("aggregates each cutoff of each entity on its own", async () => {
    const features: Feature[] = [
      window("n", "count", 30),
      window("sum", "sum", 30, "amount"),
      window("units", "sum", 30, "units"),
      window("mean", "mean", 30, "amount"),
      window("kinds", "distinct", 30, "kind"),
      {
        ...(window("xs", "count", 30) as Extract<Feature, { kind: "window" }>),
        where: { column: "kind", equals: "x" },
      },
      {
        ...(window("none", "count", 30) as Extract<Feature, { kind: "window" }>),
        where: { column: "kind", equals: null },
      },
      {
        kind: "window_ratio",
        name: "trend",
        ...joined,
        aggregate: "sum",
        column: "units",
        shortDays: 10,
        longDays: 30,
        where: null,
      },
    ];
    const rows = await values(
      features,
      [
        ["c", "2026-01-31 00:00:00", "c", 1],
        ["c", "2026-03-31 00:00:00", "c", 1],
        ["d", "2026-01-31 00:00:00", "d", 1],
        ["e", null, "c", 1],
      ],
      [
        event("2026-01-05 00:00:00", "2026-01-05 00:00:00", 2.5, 4, "x"),
        event("2026-01-30 00:00:00", "2026-01-30 00:00:00", 3.5, 2, "y"),
        event("2026-01-30 00:00:00", "2026-01-30 00:00:00", null, 0, null),
        event("2026-03-30 00:00:00", "2026-03-30 00:00:00", 7, 5, "x"),
      ],
    );
    expect(rows[0]).toMatchObject({ n: 3, sum: 6, units: 6, mean: 3, kinds: 2, xs: 1, none: 1, trend: 1 });
    expect(rows[1]).toMatchObject({ n: 1, sum: 7, units: 5, mean: 7, kinds: 1, xs: 1, none: 0, trend: 3 });
    expect(rows[2]).toMatchObject({ n: 0, sum: 0, units: 0, mean: null, kinds: 0, xs: 0, none: 0, trend: null });
    expect(rows[3]).toMatchObject({ n: null, sum: null, mean: null, kinds: null });
  });

  it("looks up the newest row that was known, and nothing where the newest contradict each other", async () => {
    const lookup = (column: string, type: "number" | "text"): Feature => ({
      kind: "lookup",
      name: column,
      ...joined,
      column,
      type,
    });
    const rows = await values(
      [
        lookup("kind", "text"),
        lookup("amount", "number"),
        { kind: "lookup_age_days", name: "age", ...joined, column: "at" },
      ],
      [
        ["c", "2026-01-31 00:00:00", "c", 1],
        ["c", "2026-02-28 00:00:00", "c", 1],
        ["c", "2025-12-01 00:00:00", "c", 1],
      ],
      [
        event("2026-01-01 00:00:00", "2026-01-01 00:00:00", 1, 1, "old"),
        event("2026-01-10 00:00:00", "2026-02-10 00:00:00", 2, 1, "late"),
        event("2026-01-10 00:00:00", "2026-02-10 00:00:00", 2, 1, "tie"),
        event("2026-03-01 00:00:00", "2026-01-01 00:00:00", 3, 1, "future"),
      ],
    );
    expect(rows.map((r) => [r.kind, r.amount, r.age])).toEqual([
      [null, null, null],
      ["old", 1, 30],
      [null, 2, 49],
    ]);
  });

  it("adds fractions up the same on one thread and on two", async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) =>
      event("2026-01-20 00:00:00", "2026-01-20 00:00:00", 0.1 * ((i * 7919) % 1000)),
    );
    const features = [window("sum", "sum", 30, "amount"), window("mean", "mean", 30, "amount")];
    const two = await values(features, [["c", cutoff, "c", 1]], rows);
    engine.close();
    engine = await testEngine(1);
    expect(await values(features, [["c", cutoff, "c", 1]], rows)).toEqual(two);
  });

  it("joins keys of unlike types by their text", async () => {
    await createTable(engine, "spine", { columns: spineColumns, rows: [["7", cutoff, "7", 1]] });
    const keyed = columns("customer:integer", "at:date", "loaded:date");
    await createTable(engine, "events", { columns: keyed, rows: [[7, "2026-01-30", "2026-01-30"]] });
    const { sql } = compileView(
      engine.dialect,
      { features: [window("n", "count", 7)] },
      { ...source, tables: { events: { relation: "events", columns: keyed } } },
    );
    expect(await engine.query(sql)).toMatchObject([{ n: 1 }]);
  });
});

describe("names in a view", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await testEngine();
  });
  afterAll(() => engine.close());

  it("are quoted: a column called like a statement is a column", async () => {
    const evil = 'x" FROM spine; DROP TABLE spine; --';
    const quote = "it's";
    await createTable(engine, "spine", {
      columns: columns("__entity:text", "__cutoff:timestamp", `${evil}:number`, `${quote}:text`),
      rows: [["a", null, 5, "b"]],
    });
    const spine = { relation: "spine", columns: columns(`${evil}:number`, `${quote}:text`) };
    const features: Feature[] = [
      { kind: "log", name: "l", column: evil },
      { kind: "column", name: "q", column: quote, type: "text" },
      { kind: "ratio", name: "r", numerator: evil, denominator: evil },
    ];
    const view = compileView(engine.dialect, { features }, { spine, tables: {} });
    expect(await engine.query(view.sql)).toMatchObject([{ l: Math.log(6), q: "b", r: 1 }]);
    expect(view.rawColumns).toEqual(spine.columns);
    expect(view.columns.map((c) => c.type)).toEqual(["number", "category", "number"]);
    expect(await engine.query("SELECT count(*) AS n FROM spine")).toEqual([{ n: 1 }]);
  });

  it("in a condition's value stay text", async () => {
    await createTable(engine, "odd", { columns: spineColumns, rows: [["c", "2026-01-31 00:00:00", "c", 1]] });
    await createTable(engine, "events", {
      columns: eventColumns,
      rows: [["c", "2026-01-30 00:00:00", "2026-01-30 00:00:00", 1, 1, "' OR true --"]],
    });
    const feature = (equals: string): Feature => ({
      ...(window("n", "count", 7) as Extract<Feature, { kind: "window" }>),
      where: { column: "kind", equals },
    });
    const source = {
      spine: { relation: "odd", columns: own },
      tables: { events: { relation: "events", columns: eventColumns } },
    };
    expect(
      await engine.query(compileView(engine.dialect, { features: [feature("x' OR true --")] }, source).sql),
    ).toMatchObject([{ n: 0 }]);
    expect(
      await engine.query(compileView(engine.dialect, { features: [feature("' OR true --")] }, source).sql),
    ).toMatchObject([{ n: 1 }]);
  });

  const source = {
    spine: { relation: "spine", columns: own },
    tables: { events: { relation: "events", columns: eventColumns } },
  };
  it.each<[string, Feature[], string]>([
    ["an unknown column", [{ kind: "log", name: "l", column: "nope" }], "not_found"],
    ["a column in another case", [{ kind: "log", name: "l", column: "FEE" }], "not_found"],
    ["an unknown table", [{ kind: "recency_days", name: "r", ...joined, table: "constructor" }], "not_found"],
    ["an unknown column of a table", [window("w", "sum", 7, "nope")], "not_found"],
    [
      "a mean before no own row",
      [{ kind: "mean_ratio", name: "m", ...joined, column: "fee", days: 7 }],
      "invalid_input",
    ],
    ["a sum of text", [window("w", "sum", 7, "kind")], "invalid_input"],
    ["a sum of no column", [window("w", "sum", 7)], "invalid_input"],
    ["a text's logarithm", [{ kind: "log", name: "l", column: "customer" }], "invalid_input"],
    ["a date's part of a number", [{ kind: "date_part", name: "d", column: "fee", part: "year" }], "invalid_input"],
    [
      "two names that differ in case",
      [
        { kind: "log", name: "l", column: "fee" },
        { kind: "is_missing", name: "L", column: "fee" },
      ],
      "invalid_input",
    ],
    ["a kept name", [{ kind: "log", name: "__label", column: "fee" }], "invalid_input"],
    ["no feature", [], "invalid_input"],
  ])("are refused: %s", (_, features, code) => {
    expect(() => compileView(engine.dialect, { features }, source)).toThrow(expect.objectContaining({ code }));
  });
});
