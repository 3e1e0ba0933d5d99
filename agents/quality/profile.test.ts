import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import type { Expectation } from "@muster/shared/domain/expectation.ts";
import { Profile } from "@muster/shared/domain/profile.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AbsoluteOptions, absoluteChecks } from "./absolute.ts";
import { checkExpectations } from "./check.ts";
import { profileDataset } from "./profile.ts";
import { suggestExpectations } from "./suggest.ts";

let home: string;
let lake: Lake;
const open: Engine[] = [];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "muster-quality-"));
  lake = await openLake(home);
});
afterEach(() => {
  for (const engine of open.splice(0)) engine.close();
});
afterAll(() => rm(home, { recursive: true }));

async function table(sql: string, name = "t"): Promise<{ engine: Engine; manifest: DatasetManifest }> {
  const manifest = await writeQuery(lake, {
    name,
    kind: "source",
    sql,
    inputs: [],
    origin: "a test",
    now: new Date(0),
  });
  const engine = await openPins(lake, [pinOf(name, manifest.version)]);
  open.push(engine);
  return { engine, manifest };
}
const profiled = async (sql: string, name?: string) => {
  const { engine, manifest } = await table(sql, name);
  return { engine, manifest, profile: Profile.parse(await profileDataset(engine, manifest)) };
};

describe("a profile", () => {
  it("gives the numbers of a column as computed by hand", async () => {
    const { profile } = await profiled("SELECT unnest([1, 2, 2, 0, -5, NULL])::DOUBLE AS x");
    expect(profile.columns[0]).toMatchObject({
      nulls: 1,
      distinct: 4,
      uniqueShare: 0.8,
      constant: false,
      idLike: false,
    });
    const { number, top } = profile.columns[0]!;
    expect(number).toMatchObject({ min: -5, max: 2, mean: 0, zeros: 1, negatives: 1 });
    expect(number!.sd).toBeCloseTo(Math.sqrt(34 / 4), 12);
    // Adjusted Fisher–Pearson: n²·m3 / ((n−1)(n−2)·s³), m3 = (1 + 8 + 8 − 125) / 5.
    expect(number!.skew).toBeCloseTo((25 * (-108 / 5)) / (4 * 3 * (34 / 4) ** 1.5), 12);
    expect(number!.quantiles).toMatchObject({ p25: 0, p50: 1, p75: 2, p10: -3 });
    expect(top[0]).toEqual({ value: "2", count: 2 });
  });

  it("finds ids, constants, copies of rows, shapes of text and texts that are numbers", async () => {
    const { profile } = await profiled(
      `SELECT i % 50 AS id, 'A-' || lpad((i % 50)::VARCHAR, 3, '0') AS code, 7 AS one, NULL::VARCHAR AS none,
              CASE WHEN i % 50 = 0 THEN 'x' ELSE (i % 50)::VARCHAR END AS mostly, 'é1' AS accent FROM range(51) t(i)`,
    );
    expect(profile.duplicates).toEqual({ rows: 1, share: 1 / 51 });
    const by = Object.fromEntries(profile.columns.map((c) => [c.name, c]));
    expect([by.code!.idLike, by.one!.idLike, by.one!.constant, by.none!.constant]).toEqual([true, false, true, true]);
    expect(by.code!.text!.shapes).toEqual([{ shape: "A-999", count: 51 }]);
    expect(by.accent!.text!.shapes).toEqual([{ shape: "a9", count: 51 }]);
    expect(by.mostly!.text!.readable.number).toBeCloseTo(49 / 51, 12);
    expect(by.none).toMatchObject({ nullShare: 1, distinct: 0, uniqueShare: 0, top: [] });
  });

  it("keeps going over huge values, dates and names with quotes", async () => {
    const { profile } = await profiled(`SELECT unnest([1e300, -1e300, 1]) AS "a ""b", DATE '2024-02-29' AS d`);
    expect(profile.columns[0]!.number).toMatchObject({ min: -1e300, max: 1e300, mean: 1, sd: null });
    expect(profile.columns[1]!.time).toEqual({ min: "2024-02-29", max: "2024-02-29" });
  });

  it("profiles more columns than one scan takes", async () => {
    const list = Array.from({ length: 150 }, (_, i) => `${i} AS c${i}`).join(", ");
    const { profile } = await profiled(`SELECT ${list}`);
    expect(profile.columns.map((c) => c.number!.max)).toEqual(Array.from({ length: 150 }, (_, i) => i));
  });
});

describe("suggested expectations", () => {
  const source = `SELECT i AS id, i / 4000 AS share, CASE WHEN i % 400 = 0 THEN 'rare' || i WHEN i % 2 = 0 THEN 'yes' ELSE 'no' END AS kind,
    CASE WHEN i % 10 > 0 THEN 'p' || (i % 90) END AS person FROM range(4000) t(i) ORDER BY i`;

  it("hold on the version they come from, each with its number", async () => {
    const { engine, manifest, profile } = await profiled(source);
    const found = suggestExpectations(profile, new Set());
    expect(
      found.every(
        (e) =>
          /\d/.test(e.because) || e.because === "a table without rows can't be used" || e.because.startsWith("stored"),
      ),
    ).toBe(true);
    const checked = await checkExpectations(engine, manifest, found);
    expect(checked.results.filter((r) => !r.success)).toEqual([]);
    expect(checked.success).toBe(true);
  });

  it("hold no rare value, no minimum or maximum, and nothing of a tagged column", async () => {
    const { profile } = await profiled(source.replace("'p' ||", "'canary' ||"));
    const found = suggestExpectations(profile, new Set(["person", "kind"]));
    expect(found.some((e) => e.type === "expect_column_values_to_be_in_set")).toBe(false);
    expect(JSON.stringify(found)).not.toMatch(/canary|rare/);
    const open = suggestExpectations(profile, new Set(["person"]));
    const set = open.find((e) => e.type === "expect_column_values_to_be_in_set");
    expect(set?.kwargs).toMatchObject({ value_set: ["no", "yes"], mostly: 0.992 });
  });

  it("break when the next version breaks", async () => {
    const { profile } = await profiled(source);
    const found = suggestExpectations(profile, new Set());
    const next = await table(source.replace("i AS id", "i // 2 AS id").replace("i / 4000", "50 + i / 4000"));
    const checked = await checkExpectations(next.engine, next.manifest, found);
    const broken = checked.results.filter((r) => !r.success).map((r) => r.expectation.type);
    expect(checked.success).toBe(false);
    expect(broken).toEqual([
      "expect_column_values_to_be_unique",
      "expect_column_values_to_be_between",
      "expect_column_mean_to_be_between",
    ]);
  });
});

describe("checked expectations", () => {
  const rows =
    "SELECT * FROM (VALUES (1, 'a', DATE '2024-01-01'), (2, 'b', DATE '2024-01-02'), (2, NULL, NULL), (10, 'ccc', NULL)) v(n, t, d)";
  const rule = (type: string, kwargs: object, severity = "error") =>
    ({ type, kwargs, severity, because: "1" }) as Expectation;

  it.each<[string, object, boolean, object]>([
    ["expect_table_row_count_to_be_between", { min_value: 4, max_value: 4 }, true, { value: 4 }],
    ["expect_table_row_count_to_be_between", { min_value: 5, max_value: null }, false, { value: 4 }],
    ["expect_table_column_count_to_be_between", { min_value: 3, max_value: 3 }, true, { value: 3 }],
    ["expect_column_to_exist", { column: "zz" }, false, {}],
    ["expect_column_values_to_be_of_type", { column: "d", type_: "date" }, true, {}],
    ["expect_column_values_to_not_be_null", { column: "t", mostly: 0.75 }, true, { evaluated: 4, unexpected: 1 }],
    ["expect_column_values_to_not_be_null", { column: "t", mostly: 0.76 }, false, { evaluated: 4, unexpected: 1 }],
    ["expect_column_values_to_be_unique", { column: "n", mostly: 1 }, false, { evaluated: 4, unexpected: 1 }],
    ["expect_column_values_to_be_in_set", { column: "n", value_set: [1, 2], mostly: 1 }, false, { unexpected: 1 }],
    [
      "expect_column_values_to_be_in_set",
      { column: "t", value_set: ["a", "b", "ccc'"], mostly: 1 },
      false,
      { evaluated: 3, unexpected: 1 },
    ],
    [
      "expect_column_values_to_be_between",
      { column: "n", min_value: 1, max_value: 10, mostly: 1 },
      true,
      { unexpected: 0 },
    ],
    [
      "expect_column_values_to_be_between",
      { column: "d", min_value: "2024-01-02", max_value: null, mostly: 1 },
      false,
      { evaluated: 2, unexpected: 1 },
    ],
    [
      "expect_column_values_to_be_between",
      { column: "t", min_value: 1, max_value: null, mostly: 1 },
      false,
      { reason: "the bounds don't suit a column of type text" },
    ],
    [
      "expect_column_value_lengths_to_be_between",
      { column: "t", min_value: 1, max_value: 2, mostly: 1 },
      false,
      { unexpected: 1 },
    ],
    [
      "expect_column_values_to_match_regex",
      { column: "t", regex: "^[a-b]$", mostly: 1 },
      false,
      { evaluated: 3, unexpected: 1 },
    ],
    [
      "expect_column_values_to_match_regex",
      { column: "t", regex: "(?<=a)b", mostly: 1 },
      false,
      { reason: "the regular expression isn't valid RE2" },
    ],
    ["expect_column_mean_to_be_between", { column: "n", min_value: 3.75, max_value: 3.75 }, true, { value: 3.75 }],
    [
      "expect_column_mean_to_be_between",
      { column: "t", min_value: 0, max_value: 1 },
      false,
      { reason: "a column of type text has no mean" },
    ],
    [
      "expect_column_proportion_of_unique_values_to_be_between",
      { column: "n", min_value: 0.75, max_value: 0.75 },
      true,
      { value: 0.75 },
    ],
    [
      "expect_compound_columns_to_be_unique",
      { column_list: ["n", "t"], mostly: 1 },
      true,
      { evaluated: 4, unexpected: 0 },
    ],
    ["expect_compound_columns_to_be_unique", { column_list: ["n"], mostly: 1 }, false, { evaluated: 4, unexpected: 1 }],
    ["expect_column_values_to_be_unique", { column: "gone", mostly: 1 }, false, { reason: "the column isn't there" }],
  ])("%s %j", async (type, kwargs, success, observed) => {
    const { engine, manifest } = await table(rows);
    const { results } = await checkExpectations(engine, manifest, [rule(type, kwargs)]);
    expect(results[0]).toMatchObject({ success, observed });
  });

  it("fail where nothing was evaluated, and pass where only warnings failed", async () => {
    const { engine, manifest } = await table(rows);
    expect(await checkExpectations(engine, manifest, [])).toMatchObject({
      success: false,
      statistics: { success_percent: null },
    });
    const gone = rule("expect_column_values_to_be_unique", { column: "gone", mostly: 1 }, "warn");
    expect((await checkExpectations(engine, manifest, [gone])).success).toBe(false);
    const warned = [
      rule("expect_column_to_exist", { column: "n" }),
      rule("expect_column_to_exist", { column: "x" }, "warn"),
    ];
    const checked = await checkExpectations(engine, manifest, warned);
    expect(checked).toMatchObject({
      success: true,
      statistics: { evaluated_expectations: 2, successful_expectations: 1, success_percent: 50 },
    });
  });
});

describe("absolute checks", () => {
  const judged = (profile: Profile, options: Omit<AbsoluteOptions, "dialect">) =>
    absoluteChecks(profile, { ...options, dialect: duckdb });
  const failed = (report: ReturnType<typeof absoluteChecks>) =>
    report.results.filter((r) => !r.success).map((r) => r.check);

  it("fail a key with copies or gaps, found by name or declared, and show how to see the rows", async () => {
    const { profile } = await profiled(
      "SELECT unnest([1, 1, 2, NULL]) AS customer_id, unnest([1, 2, 3, 4]) AS b",
      "customers",
    );
    const report = judged(profile, { time: null, now: null });
    expect(failed(report)).toEqual(["key"]);
    expect(report.passed).toBe(false);
    const key = report.results.find((r) => r.check === "key")!;
    expect(key.observed).toMatchObject({ evaluated: 4, unexpected: 2 });
    expect(key.rows).toMatch(/"customer_id" IN .* FROM "customers"/);
    expect(judged(profile, { key: "b", time: null, now: null }).passed).toBe(true);
    expect(judged(profile, { key: "zz", time: null, now: null }).passed).toBe(false);
  });

  it("fail many copies of rows and a table without values", async () => {
    const copies = await profiled("SELECT i // 2 AS a FROM range(10) t(i)");
    expect(failed(judged(copies.profile, { time: null, now: null }))).toEqual(["duplicates"]);
    expect(judged(copies.profile, { time: null, now: null, duplicateShare: 0.5 }).passed).toBe(true);
    const empty = await profiled("SELECT NULL::VARCHAR AS a");
    expect(failed(judged(empty.profile, { time: null, now: null }))).toEqual(["values"]);
    const none = await profiled("SELECT 1 AS a WHERE false");
    expect(failed(judged(none.profile, { time: null, now: null }))).toContain("rows");
  });

  it("tell fresh, late and too late data apart, and times ahead of now", async () => {
    const { profile } = await profiled("SELECT TIMESTAMP '2024-06-01 00:00:00' AS at");
    const limits = { warnAfter: { count: 1, period: "day" }, errorAfter: { count: 1, period: "week" } } as const;
    const at = (now: string) => judged(profile, { time: "at", now, ...limits });
    expect([at("2024-06-01T12:00:00Z").freshness, at("2024-06-01T12:00:00Z").passed]).toEqual(["pass", true]);
    expect([at("2024-06-03T00:00:00Z").freshness, at("2024-06-03T00:00:00Z").passed]).toEqual(["warn", true]);
    expect([at("2024-06-09T00:00:00Z").freshness, at("2024-06-09T00:00:00Z").passed]).toEqual(["error", false]);
    expect(failed(at("2024-05-20T00:00:00Z"))).toEqual(["future"]);
  });

  it("report texts that are nearly all numbers", async () => {
    const { profile } = await profiled(
      "SELECT CASE WHEN i = 3 THEN '1x' ELSE i::VARCHAR END AS zip FROM range(100) t(i)",
    );
    const report = judged(profile, { time: null, now: null });
    expect(failed(report)).toEqual(["parse"]);
    expect(report.passed).toBe(true);
    expect(report.results.at(-1)!.observed).toMatchObject({ evaluated: 100, unexpected: 1 });
  });
});
