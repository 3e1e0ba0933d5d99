import { beforeEach, describe, expect, it } from "vitest";
import type { Feature } from "../domain/feature.ts";
import { seededRandom } from "../random.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { compileView } from "./compile-sql.ts";
import { columns, createTable, testEngine } from "./testing.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

const own = columns("customer:text", "notice:date", "why:text", "renewal:date");
const tickets = columns(
  ...["customer:text", "opened:timestamp", "loaded:timestamp", "closed:timestamp", "stars:integer", "shelf:date"],
);
const joined = { table: "tickets", key: "customer", localKey: "customer", time: "opened", arrived: "loaded" };
const window = { kind: "window" as const, ...joined, days: null, where: null };
const unclosed = { column: "closed", equals: null };
const related: Feature[] = [
  { ...window, name: "open", aggregate: "count", column: null, where: unclosed },
  { ...window, name: "closed", aggregate: "count", column: "closed" },
  { ...window, name: "closings", aggregate: "distinct", column: "closed", days: 40 },
  { ...window, name: "stars", aggregate: "mean", column: "stars", filledBy: "closed" },
  {
    ...window,
    name: "few",
    aggregate: "count",
    column: null,
    where: { column: "stars", equals: 1 },
    filledBy: "closed",
  },
  {
    ...{ kind: "window" as const, ...joined, name: "unrated", aggregate: "count" as const, column: null, days: 90 },
    ...{ where: { column: "stars", equals: null }, filledBy: "closed" },
  },
  {
    ...{ kind: "window_ratio" as const, ...joined, name: "trend", aggregate: "sum" as const, column: "stars" },
    ...{ shortDays: 30, longDays: 90, where: null, filledBy: "closed" },
  },
  { kind: "lookup", ...joined, name: "last_stars", column: "stars", type: "integer", filledBy: "closed" },
  { kind: "lookup_age_days", ...joined, name: "last_closed", column: "closed" },
  { kind: "recency_days", ...joined, name: "since_closed", time: "closed" },
  { kind: "lookup_age_days", ...joined, name: "closed_before", time: null, column: "closed" },
];
const source = {
  spine: { relation: "spine", columns: own },
  tables: { tickets: { relation: "tickets", columns: tickets } },
};
const values = (features: Feature[]) =>
  engine.query(`SELECT * FROM (${compileView(engine.dialect, { features }, source).sql}) ORDER BY __entity, __cutoff`);

describe("a row that was written to after it arrived", () => {
  const spineColumns = [...columns("__entity:text", "__cutoff:timestamp"), ...own];
  const moment = (day: number) => new Date(Date.UTC(2025, 0, 1) + day * 86_400_000).toISOString().slice(0, 19);

  it("has at a cutoff the values of the table as it stood then", async () => {
    const random = seededRandom(5);
    const all = Array.from({ length: 3000 }, () => {
      const opened = random() * 400;
      const lag = 60 * random() ** 3;
      const closed = random() < 0.15 ? null : opened + lag;
      const stars = closed !== null && random() < 0.5 ? 1 + Math.floor(5 * random()) : null;
      return { customer: `c${Math.floor(random() * 50)}`, opened, loaded: opened + 1, closed, stars };
    });
    for (const cutoff of [60, 200, 333.5]) {
      const spine = Array.from({ length: 52 }, (_, i) => [`c${i}`, moment(cutoff), `c${i}`, null, null, null]);
      // The table as it was loaded, and what had been loaded by the cutoff: later closings weren't written yet.
      const asOf = async (then: number) => {
        const rows = all
          .filter(({ loaded }) => loaded <= then)
          .map(({ customer, opened, loaded, closed, stars }) => {
            const known = closed !== null && closed <= then;
            return [
              ...[customer, moment(opened), moment(loaded), known ? moment(closed) : null, known ? stars : null, null],
            ];
          });
        await engine.run("DROP TABLE IF EXISTS spine; DROP TABLE IF EXISTS tickets");
        await createTable(engine, "spine", { columns: spineColumns, rows: spine });
        await createTable(engine, "tickets", { columns: tickets, rows });
        return values(related);
      };
      const then = await asOf(cutoff);
      expect(await asOf(500)).toEqual(then);
      for (const { name } of related) expect(new Set(then.map((row) => row[name])).size, name).toBeGreaterThan(1);
    }
  });

  it("has in a closed past what it has now, and a date at the cutoff itself is known", async () => {
    const cutoff = "2025-03-01 00:00:00";
    await createTable(engine, "spine", {
      columns: spineColumns,
      rows: [
        ["a", cutoff, "a", "2025-03-01", "moved", "2026-01-01"],
        ["b", cutoff, "b", "2025-03-02", "moved", "2026-01-01"],
        ["c", null, "c", "2025-03-02", "moved", "2026-01-01"],
      ],
    });
    await createTable(engine, "tickets", {
      columns: tickets,
      rows: [
        ["a", "2025-02-01", "2025-02-02", cutoff, 4, "2025-04-01"],
        ["b", "2025-02-01", "2025-02-02", "2025-03-01 00:00:00.000001", 4, "2025-04-01"],
      ],
    });
    const of: Feature[] = [
      { kind: "column", name: "why", column: "why", type: "text", filledBy: "notice" },
      { kind: "date_part", name: "notice", column: "notice", part: "day", filledBy: "notice" },
      { kind: "is_missing", name: "no_notice", column: "notice", filledBy: "notice" },
      { kind: "age_days", name: "to_renewal", column: "renewal", at: null },
      { kind: "lookup_age_days", name: "shelf", ...joined, column: "shelf" },
    ];
    expect(
      await values([...of, ...related.filter((f) => ["open", "stars", "unrated"].includes(f.name))]),
    ).toMatchObject([
      { why: "moved", notice: 1, no_notice: 0, to_renewal: -306, shelf: null, open: 0, stars: 4, unrated: 0 },
      { why: null, notice: null, no_notice: 1, to_renewal: -306, shelf: null, open: 1, stars: null, unrated: 1 },
      { why: "moved", notice: 2, no_notice: 0, to_renewal: null },
    ]);
  });

  it.each<[string, Feature]>([
    ["of the own row", { kind: "column", name: "f", column: "renewal", type: "text", filledBy: "why" }],
    ["of a related row", { ...window, name: "f", aggregate: "mean", column: "stars", filledBy: "stars" }],
  ])("isn't told by anything but a date %s", (_, feature) => {
    expect(() => compileView(engine.dialect, { features: [feature] }, source)).toThrow(
      expect.objectContaining({ code: "invalid_input" }),
    );
  });
});
