import type { Feature } from "@muster/shared/domain/feature.ts";
import type { LabelRule } from "@muster/shared/domain/problem.ts";
import { compileView } from "@muster/shared/features/compile-sql.ts";
import { evaluateRow } from "@muster/shared/features/evaluate.ts";
import { compileLabels } from "@muster/shared/features/labels.ts";
import { compileMatrix, type MatrixRole } from "@muster/shared/features/matrix.ts";
import { measureLeaks } from "@muster/shared/features/measure-leaks.ts";
import { parseRow } from "@muster/shared/features/raw.ts";
import { honest, parsed, planted } from "@muster/shared/features/testing-leaks.ts";
import { eventLog, logFeatures, logProblem, logSchema } from "@muster/shared/features/testing-log.ts";
import { flatProblem, testProblem } from "@muster/shared/features/testing-problem.ts";
import { awkwardRows, rowColumns, rowFeatures, spineColumns } from "@muster/shared/features/testing-rows.ts";
import { type World, worlds } from "@muster/shared/features/testing-worlds.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BothEngines, bothEngines, engineNames } from "../support/both-engines.ts";

let both: BothEngines;
// Doubles that only PostgreSQL refuses aren't there: its tables can't hold what they are made of.
const awkward = awkwardRows(seededRandom(12), 2000).filter(({ values }) =>
  Object.values(values).every(
    (value) => typeof value !== "number" || (Number.isFinite(value) && (value === 0 || Math.abs(value) > 1e-290)),
  ),
);
const events = eventLog(seededRandom(6), 300);
const named = (world: World, prefix: string) =>
  Object.fromEntries(Object.entries(world.tables).map(([name, table]) => [`${prefix}${name}`, table]));

beforeAll(async () => {
  both = await bothEngines({
    spine: {
      columns: spineColumns,
      rows: awkward.map((row) => [row.entity, row.cutoff, ...rowColumns.map((c) => row.values[c.name]!)]),
    },
    events: { columns: logSchema, rows: events.map((row) => logSchema.map((c) => row[c.name]!)) },
    ...named(worlds.log!, "log_"),
    ...named(worlds.contracts!, "contracts_"),
  });
}, 120_000);
afterAll(() => both.close());

const alike = (a: unknown, b: unknown): boolean =>
  typeof a === "number" && typeof b === "number" ? Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a)) : a === b;

/** The rows that each engine gives for the SQL in its own dialect, by what tells them apart; fails where they differ. */
async function compared(
  sqlOf: (dialect: BothEngines["duckdb"]["dialect"]) => string,
  key: (row: Record<string, unknown>) => string,
) {
  const [left, right] = await Promise.all(engineNames.map((name) => both[name].query(sqlOf(both[name].dialect))));
  expect(left!.length).toBeGreaterThan(0);
  const there = new Map(right!.map((row) => [key(row), row]));
  expect(there.size).toBe(left!.length);
  for (const row of left!) {
    const other = there.get(key(row));
    for (const [name, value] of Object.entries(row))
      if (!alike(value, other?.[name]))
        expect.fail(`${name} of ${key(row)}: ${value} in DuckDB, ${other?.[name]} in PostgreSQL`);
  }
  return left!;
}

describe("features and labels", () => {
  test("of the own row are the same in both engines, and at serving", async () => {
    const source = { spine: { relation: "spine", columns: rowColumns }, tables: {} };
    await compared(
      (dialect) => compileView(dialect, { features: rowFeatures }, source).sql,
      (row) => String(row.__entity),
    );
    const rows = await both.postgres.query(compileView(both.postgres.dialect, { features: rowFeatures }, source).sql);
    const made = new Map(awkward.map((row) => [row.entity, row]));
    for (const row of rows) {
      const { values, cutoff } = made.get(String(row.__entity))!;
      const at = cutoff === null ? null : new Date(`${cutoff.replace(" ", "T")}Z`);
      for (const feature of rowFeatures) {
        const value = evaluateRow(feature, parseRow(values, rowColumns), at);
        if (!alike(value, row[feature.name]))
          expect.fail(
            `${feature.name} of ${JSON.stringify(values)}: ${value} here, ${row[feature.name]} in PostgreSQL`,
          );
      }
    }
  });

  test.each([false, true])(
    "over the own past are the same in both engines; of a share of rows: %s",
    async (sampled) => {
      const dataset = { relation: "events", columns: logSchema };
      const sample = sampled ? { share: 0.7, salt: "s" } : undefined;
      const rows = await compared(
        (dialect) =>
          compileMatrix(dialect, logProblem, { features: logFeatures }, { dataset, tables: {}, sample }, "scoring").sql,
        (row) => String(row.__entity),
      );
      expect(rows.length).toBe(sampled ? rows.length : events.length);
    },
  );

  test.each([
    ["log", "training"],
    ["log", "holdout"],
    ["contracts", "training"],
    ["contracts", "scoring"],
  ] as [keyof typeof worlds, MatrixRole][])(
    "of related tables and of labels are the same in both engines: %s, %s",
    async (name, role) => {
      const { problem, tables } = worlds[name]!;
      const relations = Object.fromEntries(
        Object.entries(tables).map(([table, { columns }]) => [table, { relation: `${name}_${table}`, columns }]),
      );
      const source = { dataset: relations[problem.dataset]!, tables: relations };
      const features = parsed(honest[name]!, "f");
      await compared(
        (dialect) => compileMatrix(dialect, problem, { features }, source, role).sql,
        (row) => `${row.__entity} ${row.__cutoff}`,
      );
    },
  );

  const where = [{ column: "kind", in: ["a", "b"] }];
  const at = { time: "at", where };
  test.each<LabelRule>([
    { kind: "occurs", ...at, first: false, arrived: null },
    { kind: "occurs", time: "at", where: [{ column: "amount", atLeast: 500 }], first: true, arrived: "loaded" },
    { kind: "next", ...at, column: "kind" },
    { kind: "until", ...at },
    { kind: "value", ...at, aggregate: "sum", column: "amount", times: "units" },
    { kind: "value", ...at, aggregate: "last", column: "amount", times: null },
    {
      ...{ kind: "forecast", ...at, series: "card", aggregate: "sum", column: "amount", hour: null },
      ...{ unit: "day", steps: 2, season: 2 },
    },
    {
      ...{ kind: "forecast", ...at, series: null, aggregate: "mean", column: "amount", hour: null },
      ...{ unit: "hour", steps: 24, season: 24 },
    },
  ])("of what comes after a cutoff are the same in both engines: $kind", async (label) => {
    // Every card has had one early on; of the shops some never do.
    const key = label.kind === "occurs" && label.first ? "shop" : "card";
    const problem = testProblem({
      ...{ dataset: "events", entity: key, label, labelDelayDays: 0, gapDays: 1, now: "2026-01-20T23:00:00.000Z" },
      task: label.kind === "occurs" ? "binary" : label.kind === "next" ? "multiclass" : "regression",
      horizon: { count: label.kind === "forecast" && label.unit === "hour" ? 1 : 2, unit: "day" },
      cutoffs: { training: ["2026-01-05", "2026-01-09"], holdout: "2026-01-13", scoring: "2026-01-21" },
      population: { dataset: "events", key, time: "at", arrived: "loaded", days: 6, where: [] },
    });
    const dataset = { relation: "events", columns: logSchema };
    const ahead = (["step", "weekday", "season", "last", "mean"] as const).map(
      (of): Feature => ({ kind: "ahead", name: of, of, column: "amount", back: of === "mean" ? 3 : 1 }),
    );
    const by = { key, localKey: key, time: "at", arrived: null };
    const features: Feature[] =
      label.kind === "forecast" ? ahead : [{ kind: "recency_days", name: "since", table: "events", ...by }];
    for (const role of ["training", "holdout", "scoring"] as const) {
      const rows = await compared(
        (dialect) => compileMatrix(dialect, problem, { features }, { dataset, tables: { events: dataset } }, role).sql,
        (row) => `${row.__entity} ${row.__cutoff}`,
      );
      expect(rows.length).toBeGreaterThan(0);
    }
  });

  test("without a key are named alike, folded alike, and held out alike", async () => {
    const problem = flatProblem({
      dataset: "spine",
      label: { kind: "column", column: "flag", positive: "true" },
      holdout: { kind: "entities", share: 0.3, salt: "s" },
    });
    const schema = rowColumns.filter(({ name }) => !["a", "b"].includes(name));
    const source = { relation: "spine", columns: schema };
    await compared(
      (dialect) => compileLabels(dialect, problem, source),
      (row) => String(row.__entity),
    );
    const mean = { kind: "target_mean", name: "m", column: "whole", smoothing: 3, delayDays: null, folds: 4 } as const;
    await compared(
      (dialect) =>
        compileMatrix(dialect, problem, { features: [mean] }, { dataset: source, tables: {} }, "training").sql,
      (row) => String(row.__entity),
    );
  });

  test.each(Object.keys(worlds))("are judged alike: %s", async (name) => {
    const { problem, tables } = worlds[name]!;
    const readable = Object.entries(tables).map(([table, { columns, rows, time, arrived }]) => ({
      manifest: { name: table, rows: rows.length, columns, time, arrived },
      relation: `${name}_${table}`,
    }));
    const features = parsed([...planted[name]!.flatMap(([, of]) => of), ...honest[name]!], "f");
    const rows = Math.floor(0.8 * tables[problem.dataset]!.rows.length);
    const [left, right] = await Promise.all(
      engineNames.map((engine) => measureLeaks(both[engine], problem, features, { tables: readable, rows })),
    );
    expect(Object.keys(left!.timing.filled).sort()).toEqual(Object.keys(right!.timing.filled).sort());
    expect(right!.timing.ends).toEqual(left!.timing.ends);
    expect(right!.telling).toEqual(left!.telling);
    for (const [column, filled] of Object.entries(left!.timing.filled))
      expect(right!.timing.filled[column]).toMatchObject({ as: filled.as, by: filled.by });
  });
});
