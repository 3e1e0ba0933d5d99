import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Feature } from "../domain/feature.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { checkLeaks, type LeakFacts, leaksOf } from "./leaks.ts";
import { compileMatrix } from "./matrix.ts";
import { measureLeaks } from "./measure-leaks.ts";
import { createTable, testEngine } from "./testing.ts";
import { count, honest, lag, mean, own, parsed, planted, rate, ratio, toMean } from "./testing-leaks.ts";
import { worlds } from "./testing-worlds.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
  for (const [name, { tables }] of Object.entries(worlds)) {
    for (const [table, rows] of Object.entries(tables)) await createTable(engine, table, rows);
    measured.set(name, await measure(name));
  }
});
afterAll(() => engine.close());

/** What is measured as register_feature_view does it, of a world's planted and honest features together. */
const measured = new Map<string, LeakFacts>();
async function measure(name: string): Promise<LeakFacts> {
  const { problem, tables } = worlds[name]!;
  const readable = Object.entries(tables).map(([table, { columns, rows, time, arrived }]) => ({
    manifest: { name: table, rows: rows.length, columns, time, arrived },
    relation: table,
  }));
  const drafts = [...planted[name]!.flatMap(([, of]) => of), ...honest[name]!];
  const training = Math.floor(0.8 * tables[problem.dataset]!.rows.length);
  const source = { tables: readable, rows: training };
  return measureLeaks(engine, problem, parsed(drafts, "f"), source);
}

describe("planted leaks", () => {
  const leaks = Object.entries(planted).flatMap(([world, classes]) =>
    classes.flatMap(([kind, drafts]) => parsed(drafts, "leak").map((feature) => ({ world, kind, feature }))),
  );

  it("are at least fifty, of every class", () => {
    expect(leaks.length).toBeGreaterThanOrEqual(50);
    expect(new Set(leaks.map(({ kind }) => kind)).size).toBe(9);
  });

  it.each(leaks.map(({ world, kind, feature }) => [kind, JSON.stringify(feature), world, feature] as const))(
    "are refused: %s, %s",
    (kind, _, world, feature) => {
      const { problem } = worlds[world]!;
      const facts = measured.get(world)!;
      expect(leaksOf([feature], problem, facts)).toEqual([
        expect.objectContaining({ feature: feature.name, leak: kind }),
      ]);
      expect(() => checkLeaks([feature], problem, facts)).toThrow(expect.objectContaining({ code: "unfit" }));
    },
  );

  it("are the entity's own number too, compared with its past", () => {
    const problem = { ...worlds.log!.problem, entity: "nr" };
    const [feature] = parsed([toMean(own, "nr")], "f");
    expect(leaksOf([feature!], problem, measured.get("log")!)).toEqual([
      expect.objectContaining({ feature: "f0", leak: "key", column: "log.nr" }),
    ]);
  });

  it("are found among many features, each by its name", () => {
    const { problem } = worlds.log!;
    const mine = leaks
      .filter(({ world }) => world === "log")
      .map(({ feature }, i) => ({ ...feature, name: `planted${i}` }));
    const features = [...parsed(honest.log!, "honest"), ...mine];
    const found = leaksOf(features, problem, measured.get("log")!);
    expect(found.map(({ feature }) => feature)).toEqual(mine.map(({ name }) => name));
  });

  it.each([
    count(own, { days: -7 }),
    count(own, { days: 0 }),
    lag(own, "amount", "number", { back: 0 }),
    lag(own, "amount", "number", { back: -1 }),
    rate("shop", -2),
    rate("shop", 0),
    mean("shop", { folds: 1 }),
    ratio(own, { shortDays: -1 }),
  ])("that reach ahead are no features at all: %j", (draft) => {
    expect(Feature.safeParse({ ...draft, name: "f" }).success).toBe(false);
  });
});

describe("what is nearly a leak", () => {
  const all = Object.values(honest).flat();
  it("is at least fifty cases", () => expect(all.length).toBeGreaterThanOrEqual(50));

  it.each(Object.keys(honest))("is accepted, and compiles: %s", async (world) => {
    const { problem, tables } = worlds[world]!;
    const features = parsed(honest[world]!, "f");
    const facts = measured.get(world)!;
    expect(leaksOf(features, problem, facts)).toEqual([]);
    const relations = Object.fromEntries(
      Object.entries(tables).map(([name, { columns }]) => [name, { relation: name, columns }]),
    );
    const source = { dataset: relations[problem.dataset]!, tables: relations };
    const rows = await engine.query(compileMatrix(engine.dialect, problem, { features }, source, "scoring").sql);
    expect(rows.length).toBeGreaterThan(300);
    for (const { name } of features)
      expect(
        rows.some((row) => row[name] !== null),
        name,
      ).toBe(true);
  });
});
