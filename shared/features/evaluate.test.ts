import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Feature, TextPattern } from "../domain/feature.ts";
import { seededRandom } from "../random.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { compileView } from "./compile-sql.ts";
import { evaluateRow } from "./evaluate.ts";
import { parseRow } from "./raw.ts";
import { columns, createTable, testEngine } from "./testing.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const own = columns(
  "flag:boolean",
  "whole:integer",
  "a:number",
  "b:number",
  "said:text",
  "day:date",
  "moment:timestamp",
);
const spine = [...columns("__entity:text", "__cutoff:timestamp"), ...own];
const part = (column: string, of: "year" | "month" | "day" | "weekday" | "hour" | "quarter"): Feature => ({
  kind: "date_part",
  name: `${column}_${of}`,
  column,
  part: of,
});
const features: Feature[] = [
  { kind: "column", name: "flag", column: "flag", type: "boolean" },
  { kind: "column", name: "whole", column: "whole", type: "integer" },
  { kind: "column", name: "a", column: "a", type: "number" },
  { kind: "column", name: "said", column: "said", type: "text" },
  ...(["year", "month", "day", "weekday", "hour", "quarter"] as const).flatMap((p) => [
    part("day", p),
    part("moment", p),
  ]),
  { kind: "age_days", name: "age", column: "moment", at: null },
  { kind: "age_days", name: "between", column: "moment", at: "day" },
  { kind: "ratio", name: "a_per_b", numerator: "a", denominator: "b" },
  { kind: "ratio", name: "a_per_whole", numerator: "a", denominator: "whole" },
  { kind: "difference", name: "a_less_b", left: "a", right: "b" },
  { kind: "difference", name: "whole_less_flag", left: "whole", right: "flag" },
  { kind: "log", name: "log_a", column: "a" },
  { kind: "log", name: "log_whole", column: "whole" },
  { kind: "text_length", name: "letters", column: "said" },
  { kind: "text_words", name: "words", column: "said" },
  ...TextPattern.options.map((pattern): Feature => ({ kind: "text_pattern", name: pattern, column: "said", pattern })),
  { kind: "bin", name: "a_bin", column: "a", edges: [-1e308, -0.1, 0, 5e-324, 0.1, 1 / 3, 12.5, 1e5] },
  { kind: "bin", name: "whole_bin", column: "whole", edges: [0, 0.5, 1000] },
  { kind: "cross", name: "said_by_flag", columns: ["said", "flag"] },
  { kind: "cross", name: "all", columns: ["whole", "said", "flag"] },
  ...own.map((c): Feature => ({ kind: "is_missing", name: `no_${c.name}`, column: c.name })),
  { kind: "column", name: "said_then", column: "said", type: "text", filledBy: "moment" },
  { kind: "difference", name: "a_less_b_then", left: "a", right: "b", filledBy: "day" },
  { kind: "age_days", name: "age_then", column: "moment", at: null, filledBy: "moment" },
  { kind: "is_missing", name: "no_moment_then", column: "moment", filledBy: "moment" },
];

const WORDS = [
  "",
  " ",
  "héllo",
  "naïve façade",
  "🎉 party 🎉",
  "e\u0301",
  "a\u00a0b",
  "\u2003x",
  "tab\tend",
  "l1\nl2\r\n",
  "it's",
  '"q"',
  "日本 語",
  "null",
  "0",
  "a|b",
  "a\\",
  "\\|",
  "me@here.org",
  "me@here.",
  "@here.org",
  "a@.b",
  "a@b.",
  "a@b@c.d",
  "me@here.org\n",
  "İ@Ünïcode.İO",
  "HTTP://x",
  "http://",
  "see www.x.org!?",
  "https://\u212A.org/ß?q=1#%_",
  "ſ 'quoted' 100%",
  "١٢٣",
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e-12,
  -1e-300,
  1e308,
  -1e308,
  5e-324,
  12.5,
  1 / 3,
  9007199254740991,
  Number.NaN,
  1 / 0,
  -1 / 0,
];
const DAYS = [
  "2024-02-29",
  "2000-02-29",
  "1900-02-28",
  "1970-01-01",
  "1969-12-31",
  "2026-06-30",
  "2023-12-31",
  "1960-02-29",
  "2100-03-01",
];

describe("a feature of a row", () => {
  it("is the same by SQL and by the evaluator for 20,000 generated rows of every own-row kind", async () => {
    const random = seededRandom(11);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const maybe = <T>(make: () => T): T | null => (random() < 0.15 ? null : make());
    const two = (n: number) => String(n).padStart(2, "0");
    const day = () =>
      random() < 0.3
        ? pick(DAYS)
        : `${1905 + Math.floor(random() * 190)}-${two(1 + Math.floor(random() * 12))}-${two(1 + Math.floor(random() * 28))}`;
    const time = () =>
      `${two(Math.floor(random() * 24))}:${two(Math.floor(random() * 60))}:${two(Math.floor(random() * 60))}.${String(Math.floor(random() * 1e6)).padStart(6, "0")}`;
    const number = () => (random() < 0.3 ? pick(NUMBERS) : (random() - 0.3) * 10 ** (random() * 12 - 4));
    const words = () => Array.from({ length: Math.floor(random() * 4) }, () => pick(WORDS)).join(pick(["", " ", "  "]));
    const rows = Array.from({ length: 20_000 }, (_, i) => {
      const cutoff = random() < 0.1 ? null : `${day()} 00:00:00`;
      const values = {
        flag: maybe(() => random() < 0.5),
        whole: maybe(() => Math.floor((random() - 0.4) * 1e4)),
        a: maybe(number),
        b: maybe(number),
        said: maybe(words),
        day: maybe(day),
        moment: maybe(() => `${day()} ${time()}`),
      };
      return { entity: String(i), cutoff, values };
    });
    await createTable(engine, "spine", {
      columns: spine,
      rows: rows.map((r) => [r.entity, r.cutoff, ...own.map((c) => r.values[c.name as keyof typeof r.values])]),
    });
    const view = compileView(engine.dialect, { features }, { spine: { relation: "spine", columns: own }, tables: {} });
    const byEntity = new Map((await engine.query(view.sql)).map((row) => [row.__entity, row]));
    expect(byEntity.size).toBe(20_000);
    const seen = new Map<string, number>();
    for (const { entity, cutoff, values } of rows) {
      const expected = byEntity.get(entity)!;
      const row = parseRow(values, own);
      const at = cutoff === null ? null : new Date(`${cutoff.replace(" ", "T")}Z`);
      for (const feature of features) {
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
    for (const feature of features) expect(seen.get(feature.name), feature.name).toBeGreaterThan(5000);
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
