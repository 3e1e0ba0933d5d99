import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Feature } from "../domain/feature.ts";
import { seededRandom } from "../random.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { compileMatrix } from "./matrix.ts";
import { evaluateWindow, onlineFeature } from "./online.ts";
import { parseRow } from "./raw.ts";
import { columns, createTable, testEngine } from "./testing.ts";
import { flatProblem } from "./testing-problem.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const schema = columns(
  "id:text",
  "card:text",
  "shop:text",
  "other:text",
  "at:timestamp",
  "loaded:timestamp",
  "settled:timestamp",
  "amount:number",
  "units:integer",
  "online:boolean",
  "kind:text",
  "nr:integer",
  "left:text",
);
const problem = flatProblem({
  dataset: "log",
  entity: "id",
  time: "at",
  holdout: { kind: "last_time", share: 0.2, time: "at" },
});
type Window = Extract<Feature, { kind: "window" }>;
const DAY = 1;
const by = (key: string) => ({ table: "log", key, localKey: key, time: "at", arrived: null });
const window = (name: string, rest: Partial<Window>): Feature => ({
  ...{
    kind: "window" as const,
    name,
    ...by("card"),
    aggregate: "count" as const,
    column: null,
    days: DAY,
    where: null,
  },
  ...rest,
});

/** Every kind over the own past, each by windows and by what only a join can answer. */
const kinds = (prefix: string, more: Partial<Window>): Feature[] => {
  const joined = { ...by("card"), ...more };
  const trend = { kind: "window_ratio", ...joined, shortDays: 0.5, longDays: 2, where: null } as const;
  return [
    window(`${prefix}n`, more),
    window(`${prefix}n_10min`, { ...more, days: 10 / 1440 }),
    window(`${prefix}n_all`, { ...more, days: null }),
    window(`${prefix}known`, { ...more, column: "amount" }),
    window(`${prefix}sum`, { ...more, aggregate: "sum", column: "amount" }),
    window(`${prefix}units`, { ...more, aggregate: "sum", column: "units", days: 7 }),
    window(`${prefix}mean`, { ...more, aggregate: "mean", column: "amount", days: null }),
    window(`${prefix}share`, { ...more, aggregate: "mean", column: "online", days: 3 }),
    window(`${prefix}least`, { ...more, aggregate: "min", column: "amount" }),
    window(`${prefix}most`, { ...more, aggregate: "max", column: "units", days: 2.5 }),
    window(`${prefix}kinds`, { ...more, aggregate: "distinct", column: "kind", days: 3 }),
    window(`${prefix}a`, { ...more, where: { column: "kind", equals: "a" } }),
    window(`${prefix}none`, { ...more, days: 3, where: { column: "kind", equals: null } }),
    { ...trend, name: `${prefix}trend`, aggregate: "count", column: null },
    { ...trend, name: `${prefix}trend_sum`, aggregate: "sum", column: "units" },
    { kind: "recency_days", name: `${prefix}since`, ...joined },
    { kind: "lag", name: `${prefix}last`, ...joined, column: "amount", type: "number", back: 1 },
    { kind: "lag", name: `${prefix}third`, ...joined, column: "kind", type: "text", back: 3 },
  ] as Feature[];
};
const features: Feature[] = [
  ...kinds("w_", {}),
  ...kinds("shop_", by("shop")),
  ...kinds("arrived_", { arrived: "loaded" }),
  ...kinds("ordered_", { order: "nr" }),
  ...kinds("both_", { arrived: "loaded", order: "nr" }),
  ...kinds("other_", { key: "other", localKey: "card" }),
  window("dates", { aggregate: "count", column: "settled", days: null }),
  window("sum_then", { aggregate: "sum", column: "amount", days: null, filledBy: "settled" }),
  { kind: "lag", name: "last_then", ...by("card"), column: "kind", type: "text", back: 1, filledBy: "settled" },
];

type Value = string | number | boolean | null;
/** A log with many rows of one moment, missing keys, times and values, and rows that arrive late. */
function log(random: () => number, rows: number): Record<string, Value>[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const rarely = <T>(make: () => T): T | null => (random() < 0.08 ? null : make());
  const moment = (micros: number) =>
    new Date(micros / 1000).toISOString().slice(0, 23).replace("T", " ") + String(micros % 1000).padStart(3, "0");
  return Array.from({ length: rows }, (_, i) => {
    // Twenty days in steps of a quarter of an hour: windows' ends meet rows exactly; some a microsecond off.
    const at = 1_767_225_600_000_000 + Math.floor(random() * 1920) * 900_000_000 + pick([0, 0, 0, 1, -1]);
    return {
      id: `r${i}`,
      card: rarely(() => pick(["c1", "c2", "c3", "c4"])),
      shop: rarely(() => `s${Math.floor(random() * 40)}`),
      other: rarely(() => pick(["c1", "c2", "c9"])),
      at: rarely(() => moment(at)),
      loaded: rarely(() => moment(at + pick([0, 0, 1, 3_600_000_000, 90_000_000_000]))),
      settled: random() < 0.5 ? null : moment(at + pick([-1, 1, 200]) * 3_600_000_000),
      amount: rarely(() => Math.round((random() - 0.2) * 1e5) / 100),
      units: rarely(() => Math.floor(random() * 9)),
      online: rarely(() => random() < 0.5),
      kind: rarely(() => pick(["a", "b", "c", ""])),
      nr: rarely(() => Math.floor(random() * 4)),
      left: pick(["yes", "no"]),
    };
  });
}

describe("a feature of the own past", () => {
  it("is the same by SQL and from the list of its key's events, for every kind and way to compile it", async () => {
    const rows = log(seededRandom(5), 500);
    await createTable(engine, "log", { columns: schema, rows: rows.map((row) => schema.map((c) => row[c.name]!)) });
    const source = { dataset: { relation: "log", columns: schema }, tables: {} };
    const everything = { share: 0.999999, salt: "all" };
    const parsed = rows.map((row) => parseRow(row, schema));
    const seen = new Map<string, number>();
    for (const sample of [undefined, everything]) {
      const { sql } = compileMatrix(engine.dialect, problem, { features }, { ...source, sample }, "scoring");
      const found = new Map((await engine.query(sql)).map((row) => [row.__entity, row]));
      expect(found.size).toBe(rows.length);
      for (const feature of features) {
        const online = onlineFeature(feature, problem)!;
        const events = new Map<unknown, typeof parsed>();
        for (const row of parsed) events.set(row[online.key], [...(events.get(row[online.key]) ?? []), row]);
        for (const own of parsed) {
          const key = own[online.localKey];
          const others = key === null ? [] : (events.get(key) ?? []).filter((row) => row !== own);
          const value = evaluateWindow(online, others, own.at as never, own);
          const sql = found.get(own.id as string)![feature.name];
          if (value !== null && value !== 0) seen.set(feature.name, (seen.get(feature.name) ?? 0) + 1);
          const alike =
            typeof value === "number" && typeof sql === "number"
              ? Math.abs(value - sql) <= 1e-9 * Math.max(1, Math.abs(value))
              : value === sql;
          if (!alike)
            expect.fail(
              `${feature.name} of ${JSON.stringify(own)}${sample ? " sampled" : ""}: ${value} here, ${sql} in SQL`,
            );
        }
      }
    }
    for (const { name } of features) expect(seen.get(name) ?? 0, name).toBeGreaterThan(15);
  });
});
