import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Feature } from "../domain/feature.ts";
import { seededRandom } from "../random.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { compileView } from "./compile-sql.ts";
import { evaluateRow } from "./evaluate.ts";
import { parseRow } from "./raw.ts";
import { columns, createTable, testEngine } from "./testing.ts";
import { awkwardRows, rowColumns, rowFeatures, spineColumns } from "./testing-rows.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

describe("a feature of a row", () => {
  it("is the same by SQL and by the evaluator for 20,000 generated rows of every own-row kind", async () => {
    const rows = awkwardRows(seededRandom(11), 20_000);
    await createTable(engine, "spine", {
      columns: spineColumns,
      rows: rows.map((r) => [r.entity, r.cutoff, ...rowColumns.map((c) => r.values[c.name]!)]),
    });
    const view = compileView(
      engine.dialect,
      { features: rowFeatures },
      { spine: { relation: "spine", columns: rowColumns }, tables: {} },
    );
    const byEntity = new Map((await engine.query(view.sql)).map((row) => [row.__entity, row]));
    expect(byEntity.size).toBe(20_000);
    const seen = new Map<string, number>();
    for (const { entity, cutoff, values } of rows) {
      const expected = byEntity.get(entity)!;
      const row = parseRow(values, rowColumns);
      const at = cutoff === null ? null : new Date(`${cutoff.replace(" ", "T")}Z`);
      for (const feature of rowFeatures) {
        const value = evaluateRow(feature, row, at);
        const sql = expected[feature.name];
        if (value !== null) seen.set(feature.name, (seen.get(feature.name) ?? 0) + 1);
        const same =
          typeof value === "number" && typeof sql === "number"
            ? Math.abs(value - sql) <= 1e-9 * Math.max(Math.abs(value), Math.abs(sql))
            : value === sql;
        if (!same)
          expect.fail(`${feature.name} of ${JSON.stringify(values)} at ${cutoff}: ${value} here, ${sql} in SQL`);
      }
    }
    for (const feature of rowFeatures) expect(seen.get(feature.name), feature.name).toBeGreaterThan(5000);
  });

  it("that needs other rows is refused", () => {
    const feature: Feature = {
      kind: "recency_days",
      name: "r",
      table: "t",
      key: "k",
      localKey: "k",
      time: "at",
      arrived: null,
    };
    expect(() => evaluateRow(feature, {}, null)).toThrow(/look it up by key/);
  });

  it("tells the parts of a cross apart", () => {
    const cross: Feature = { kind: "cross", name: "c", columns: ["a", "b"] };
    const of = (a: string, b: string) => evaluateRow(cross, { a, b }, null);
    expect(new Set([of("a|", "b"), of("a", "|b"), of("a\\", "b"), of("a", "\\b"), of("a", "b")]).size).toBe(5);
    expect(evaluateRow(cross, { a: "a", b: null }, null)).toBeNull();
  });

  it("falls into the bin whose lower edge it reaches", () => {
    const bin: Feature = { kind: "bin", name: "b", column: "n", edges: [0, 10] };
    const of = (n: number) => evaluateRow(bin, { n }, null);
    expect([-1, 0, 9.99, 10, 11, Number.NaN, Number.POSITIVE_INFINITY].map(of)).toEqual([0, 1, 1, 2, 2, null, null]);
    expect(Feature.safeParse({ ...bin, edges: [1, 1] }).success).toBe(false);
  });

  it.each([
    ["me@here.org", "is_email", 1],
    ["me@here.org ", "is_email", 0],
    ["me@here", "is_email", 0],
    ["https://x.org", "is_url", 1],
    ["see https://x.org", "is_url", 0],
    ["see https://x.org", "has_url", 1],
    ["AB12", "digit_share", 0.5],
    ["", "upper_share", null],
    ["a\nb", "lines", 2],
  ] as const)("of %j shows %s as %s", (said, pattern, value) => {
    expect(evaluateRow({ kind: "text_pattern", name: "p", column: "said", pattern }, { said }, null)).toBe(value);
  });

  it("counts code points and ASCII-separated words", () => {
    const row = { said: "🎉 party\u00a0🎉" };
    expect(evaluateRow({ kind: "text_length", name: "l", column: "said" }, row, null)).toBe(9);
    expect(evaluateRow({ kind: "text_words", name: "w", column: "said" }, row, null)).toBe(2);
  });
});

describe("a raw row", () => {
  const schema = columns("n:number", "d:date", "b:boolean", "t:text");
  it("is parsed by its columns' types", () => {
    const row = parseRow({ n: " 12.5 ", d: "2024-02-29", b: "Yes", t: 7, other: 1 }, schema);
    expect(row).toEqual({ n: 12.5, d: { micros: Date.UTC(2024, 1, 29) * 1000 }, b: true, t: "7" });
  });
  it("takes empty text as missing except in a text column", () => {
    expect(parseRow({ n: "", d: " ", b: "", t: "" }, schema)).toEqual({ n: null, d: null, b: null, t: "" });
  });
  it("keeps moments of other zones in UTC and days without their hour", () => {
    const at = columns("at:timestamp", "d:date");
    const row = parseRow({ at: "2026-07-01T01:30:00.5+02:00", d: "2026-07-01T23:59:00Z" }, at);
    expect(row).toEqual({
      at: { micros: Date.UTC(2026, 5, 30, 23, 30, 0, 500) * 1000 },
      d: { micros: Date.UTC(2026, 6, 1) * 1000 },
    });
  });
  it.each([
    ["n", "twelve"],
    ["n", "1e999"],
    ["n", "0x10"],
    ["n", {}],
    ["d", "2023-02-29"],
    ["d", "1/2/2011"],
    ["d", 20_230_101],
    ["b", "perhaps"],
    ["t", { a: 1 }],
  ])("is refused for column %s holding %j, by the column's name and without the value", (name, value) => {
    const raw = { n: null, d: null, b: null, t: null, [name]: value };
    expect(() => parseRow(raw, schema)).toThrow(new RegExp(`^column ${name} isn't`));
  });
  it("is refused without a column that is read", () => {
    expect(() => parseRow({ n: 1 }, schema)).toThrow(/column d is missing/);
    expect(parseRow({ n: 1 }, schema, "null").d).toBeNull();
  });
});
