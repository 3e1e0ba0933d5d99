import { columns } from "@muster/shared/features/testing.ts";
import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BothEngines, bothEngines, type EngineName, engineNames } from "../support/both-engines.ts";

let both: BothEngines;
const doubles = [0.1, -2.5, 1e15, 1234567890123456, 9007199254740992, 1e16, 1.5e-5, 1e100, -0, 0, 3, 1e-300, 1.7e308];
const texts = [
  "12",
  " 1.5e3 ",
  "1_000",
  "1e999",
  "1e-999",
  "nan",
  "",
  "x1",
  "-.5",
  "Straße 5",
  "ABC\nx",
  "a  b\tc",
  "中文 7",
  null,
];

beforeAll(async () => {
  both = await bothEngines({
    numbers: { columns: columns("i:integer", "x:number"), rows: doubles.map((x, i) => [i, x]) },
    texts: { columns: columns("i:integer", "t:text"), rows: texts.map((t, i) => [i, t]) },
    times: {
      columns: columns("i:integer", "d:date", "t:timestamp", "b:boolean"),
      rows: [
        [0, "2026-11-21", "2026-11-21 10:20:30.5", true],
        [1, "1969-12-31", "1969-12-31 23:59:59.123456", false],
        [2, null, null, null],
      ],
    },
    sample: {
      columns: columns("g:text", "x:number"),
      rows: [1, 2, 10, 0.1, 0.2, 0.3, 1].map((x) => ["a", x]),
    },
  });
});
afterAll(() => both.close());

/** One value a row of an expression, in order. */
const valuesOf = async (engine: EngineName, table: string, sql: (d: Dialect) => string) =>
  (
    await both[engine].query<{ v: unknown & string }>(
      `SELECT ${sql(both[engine].dialect)} AS v FROM ${table} ORDER BY i`,
    )
  ).map(({ v }) => v);

describe.each(engineNames)("what %s says", (engine) => {
  const rows = (table: string, sql: (d: Dialect) => string) => valuesOf(engine, table, sql);

  test("numbers as text", async () => {
    expect(await rows("numbers", (d) => d.text("x", "number"))).toEqual(
      ["0.1", "-2.5", "1000000000000000", "1234567890123456", "9007199254740992", "1e+16"].concat([
        "1.5e-05",
        "1e+100",
        "0",
        "0",
        "3",
        "1e-300",
        "1.7e+308",
      ]),
    );
  });
  test("times and truth as text, parts and microseconds", async () => {
    expect(await rows("times", (d) => d.text("t", "timestamp"))).toEqual([
      "2026-11-21 10:20:30.5",
      "1969-12-31 23:59:59.123456",
      null,
    ]);
    expect(await rows("times", (d) => d.text("d", "date"))).toEqual(["2026-11-21", "1969-12-31", null]);
    expect(await rows("times", (d) => d.text("b", "boolean"))).toEqual(["true", "false", null]);
    expect(await rows("times", (d) => d.micros("t"))).toEqual([1795256430500000, -876544, null]);
    expect(await rows("times", (d) => d.micros(d.timestamp(d.micros("d"))))).toEqual([
      1795219200000000,
      -86400000000,
      null,
    ]);
    expect(await rows("times", (d) => d.part("weekday", "d"))).toEqual([6, 3, null]);
    expect(await rows("times", (d) => d.part("hour", "t"))).toEqual([10, 23, null]);
    expect(await rows("times", (d) => d.seconds("t"))).toEqual([1795256430.5, -0.876544, null]);
  });
  test("numbers inside text", async () => {
    expect(await rows("texts", (d) => d.number("t"))).toEqual([
      12,
      1500,
      null,
      null,
      0,
      null,
      null,
      null,
      -0.5,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
  test("words, shapes, matches and lower case", async () => {
    const some = (list: unknown[]) => list.slice(9, 13);
    expect(some(await rows("texts", (d) => `CAST(${d.words("t")} AS INTEGER)`))).toEqual([2, 2, 3, 2]);
    expect(some(await rows("texts", (d) => d.shape("t")))).toEqual(["aaaaaa 9", "AAA\na", "a  a\ta", "aa 9"]);
    expect(some(await rows("texts", (d) => d.lower("t")))).toEqual(["straße 5", "abc\nx", "a  b\tc", "中文 7"]);
    expect(some(await rows("texts", (d) => d.matches("t", "'(?i)C.?X'")))).toEqual([false, false, false, false]);
    expect(some(await rows("texts", (d) => d.matches("t", "'(?i)abc'")))).toEqual([false, true, false, false]);
    expect(some(await rows("texts", (d) => d.matchesWhole("t", "'a|.* [0-9]'")))).toEqual([true, false, false, true]);
    expect(some(await rows("texts", (d) => d.length("t")))).toEqual([8, 5, 6, 4]);
    expect((await rows("texts", (d) => d.sha256("t")))[0]).toBe(
      "6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918",
    );
  });
  test("arithmetic that leaves the doubles is missing, not an error", async () => {
    expect(await rows("numbers", (d) => d.divide("x", "CAST(0 AS DOUBLE PRECISION)"))).toEqual(doubles.map(() => null));
    expect((await rows("numbers", (d) => d.divide("x", "CAST('1e-10' AS DOUBLE PRECISION)"))).at(-1)).toBeNull();
    expect((await rows("numbers", (d) => d.divide("x", "CAST('1e10' AS DOUBLE PRECISION)"))).at(-2)).toBeCloseTo(
      0,
      300,
    );
    expect((await rows("numbers", (d) => d.subtract("x", "CAST('-1.7e308' AS DOUBLE PRECISION)"))).at(-1)).toBeNull();
    expect((await rows("numbers", (d) => d.subtract("x", "CAST('1e-300' AS DOUBLE PRECISION)"))).at(-2)).toBe(0);
    expect((await rows("numbers", (d) => d.subtract("x", "CAST('-1' AS DOUBLE PRECISION)")))[0]).toBe(1.1);
  });
  test("aggregates", async () => {
    const { query, dialect: d } = both[engine];
    const [row] = await query(
      `SELECT ${d.sum("x")} AS s, ${d.mean("x", "x < 100 AND x > 0")} AS m, ${d.quantiles("x", [0, 0.25, 0.9], "x < 100 AND x > 0")} AS q,
        ${d.skewness("x", "x >= 1 AND x < 100")} AS k, ${d.skewness("x", "x > 2 AND x < 100")} AS none, ${d.sum("x", "false")} AS empty,
        count(DISTINCT ${d.rowHash(["g", "x"])}) AS n FROM sample`,
    );
    expect(row).toMatchObject({ s: 14.6, none: null, empty: null, n: 6 });
    for (const [i, q] of [0.1, 0.25, 5.2].entries()) expect((row!.q as number[])[i]).toBeCloseTo(q, 12);
    expect(row!.m).toBeCloseTo(14.6 / 7, 12);
    // g1 · √(n(n−1)) ÷ (n−2) of [1, 2, 10, 1], computed from central moments.
    expect(row!.k).toBeCloseTo(1.931921969436, 10);
  });

  test("a result is held as it is, in its order", async () => {
    const sql = `SELECT t.i, t.t, x.x, x.x > 0 AS b, m.d, m.t AS at, 1.5 AS dec, '' AS empty, CAST(NULL AS VARCHAR) AS gone
      FROM texts t JOIN numbers x ON x.i = t.i LEFT JOIN times m ON m.i = t.i ORDER BY t.i DESC`;
    const direct = await both[engine].query(sql);
    expect(direct).toHaveLength(13);
    const held = await both[engine].withHeld("kept", sql, (reader) => reader.query("SELECT * FROM kept"));
    expect(held).toEqual(direct);
    const alone =
      "SELECT CASE WHEN i = 0 THEN '\\N' WHEN i = 1 THEN '' WHEN i = 3 THEN t END AS t FROM texts WHERE i < 4 ORDER BY i";
    expect(await both[engine].withHeld("kept", alone, (reader) => reader.query("SELECT * FROM kept"))).toEqual(
      ["\\N", "", null, "1e999"].map((t) => ({ t })),
    );
    await expect(both[engine].query("SELECT * FROM kept")).rejects.toMatchObject({ name: "Fault" });
  });
  test("many rows are held as they are, none of them cut", async () => {
    const { dialect: d, query, withHeld } = both[engine];
    const digits = "SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4";
    const made = `WITH d AS (${digits}) SELECT a.n + 5 * b.n + 25 * c.n + 125 * e.n + 625 * f.n + 3125 * g.n AS id, ${d.sha256("CAST(a.n + 5 * b.n + 25 * c.n + 125 * e.n + 625 * f.n + 3125 * g.n AS VARCHAR)")} AS h
      FROM d a, d b, d c, d e, d f, d g ORDER BY id`;
    const sum = (from: string) =>
      `SELECT count(*) AS n, sum(id) AS s, count(DISTINCT h) AS d, min(h) AS a, max(h) AS z FROM ${from}`;
    const [direct] = await query(sum(`(${made}) q`));
    expect(direct).toMatchObject({ n: 15625, d: 15625 });
    expect(await withHeld("kept", made, (held) => held.query(sum("kept")))).toEqual([direct]);
  });
  test("a failed query ends nothing but itself, and says nothing of values", async () => {
    const failed = both[engine].query("SELECT CAST(t AS INTEGER) FROM texts WHERE i = 9");
    await expect(failed).rejects.toMatchObject({ code: "internal", message: expect.not.stringContaining("Stra") });
    expect(await both[engine].query("SELECT count(*) AS n FROM texts WHERE t = ?", ["12"])).toEqual([{ n: 1 }]);
  });
});
