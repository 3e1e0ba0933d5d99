import { beforeEach, expect, it } from "vitest";
import type { Feature } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { seededRandom } from "../random.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import type { AheadFeature } from "./kinds.ts";
import type { ForecastRule } from "./label-rule.ts";
import { compileLabels } from "./labels.ts";
import { compileMatrix } from "./matrix.ts";
import { columns, createTable, testEngine } from "./testing.ts";
import { testProblem } from "./testing-problem.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

const schema = columns("shop:text", "at:timestamp", "day:date", "hr:integer", "sold:number", "kind:text");
const source = { relation: "sales", columns: schema };
const rule = (changes: Partial<ForecastRule> = {}): ForecastRule => ({
  ...{ kind: "forecast", time: "at", where: [], series: "shop", aggregate: "sum", column: "sold", hour: null },
  ...{ unit: "day", steps: 4, season: 3, ...changes },
});
const forecast = (label: ForecastRule, changes: Partial<Problem> = {}): Problem =>
  testProblem({
    ...{
      dataset: "sales",
      name: "sold",
      target: "sold",
      task: "regression",
      entity: label.series ?? label.time,
      label,
    },
    cutoffs: {
      training: ["2026-01-11", "2026-01-15"],
      holdout: "2026-01-19",
      sealed: ["2026-01-23"],
      scoring: "2026-01-27",
    },
    ...{ horizon: { count: 4, unit: "day" }, now: "2026-01-26T20:00:00.000Z", labelDelayDays: 0, metric: "rmse" },
    holdout: { kind: "last_cutoff", cutoff: "2026-01-19" },
    ...changes,
  });
const ahead = (of: AheadFeature["of"], back = 1): AheadFeature => ({
  ...{
    kind: "ahead",
    name: `${of}_${back}`,
    of,
    back,
    column: ["season", "last", "mean"].includes(of) ? "sold" : null,
  },
});
const all: AheadFeature[] = [
  ...[ahead("step"), ahead("hour"), ahead("weekday"), ahead("day"), ahead("month")],
  ...[ahead("season"), ahead("season", 2), ahead("last"), ahead("last", 3), ahead("mean", 3), ahead("mean", 12)],
];

type Sale = { shop: string | null; at: number | null; sold: number | null; kind: string };
const HOUR = 3_600_000;
const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
const load = async (sales: Sale[]) => {
  await engine.run("DROP TABLE IF EXISTS sales");
  const rows = sales.map(({ shop, at, sold, kind }) => {
    const hours = at === null ? null : new Date(at).getUTCHours();
    return [shop, at === null ? null : text(at), at === null ? null : text(at).slice(0, 10), hours, sold, kind];
  });
  await createTable(engine, "sales", { columns: schema, rows });
};

/** The rows of a forecast told one by one from what is written down of the rule. */
function byHand(problem: Problem, sales: Sale[]): Map<string, (number | null)[]> {
  const label = problem.label as ForecastRule;
  const length = label.unit === "hour" ? HOUR : 24 * HOUR;
  const gap = ((problem.gapDays ?? 0) * 24 * HOUR) / length;
  const counted = sales.filter(
    (sale) =>
      sale.at !== null &&
      (label.series === null || sale.shop !== null) &&
      (label.where.length === 0 || sale.kind === "a"),
  );
  const unitOf = (at: number) => Math.floor(at / length);
  const keys = new Set(counted.map((sale) => (label.series === null ? "" : sale.shop!)));
  const complete = Math.floor(Date.parse(problem.now!) / (24 * HOUR) + 1) * 24 * HOUR;
  const found = new Map<string, (number | null)[]>();
  const { training, holdout, sealed, scoring } = problem.cutoffs;
  for (const iso of [...training, holdout!, ...sealed!, scoring!])
    for (const key of keys) {
      const own = counted.filter((sale) => label.series === null || sale.shop === key);
      const first = Math.min(...own.map((sale) => unitOf(sale.at!)));
      const origin = unitOf(Date.parse(iso));
      const value = (unit: number): number | null => {
        const values = own.filter((sale) => unitOf(sale.at!) === unit);
        const there = values.map((sale) => (label.column === null ? 1 : sale.sold)).filter((one) => one !== null);
        const sum = there.reduce((total, one) => total + one, 0);
        if (label.aggregate === "mean") return there.length === 0 ? null : sum / there.length;
        if (unit < first) return null;
        return label.aggregate === "count" ? there.length : sum;
      };
      const known = (unit: number): number | null => {
        if (unit >= origin) throw new Error("looked ahead");
        return value(unit);
      };
      const lately = own.some((sale) => unitOf(sale.at!) < origin && unitOf(sale.at!) >= origin - label.season);
      if (first > origin - label.season || !lately) continue;
      for (let step = 1; step <= label.steps; step++) {
        const target = origin + gap + step - 1;
        const moment = new Date(target * length);
        if (iso !== scoring && (origin + gap + label.steps) * length > complete) continue;
        const answer = iso === scoring ? null : value(target);
        if (iso !== scoring && answer === null) continue;
        const features = all.map(({ of, back }): number | null => {
          if (of === "step") return step;
          if (of === "hour") return moment.getUTCHours();
          if (of === "weekday") return moment.getUTCDay() || 7;
          if (of === "day") return moment.getUTCDate();
          if (of === "month") return moment.getUTCMonth() + 1;
          if (of === "last") return known(origin - back);
          if (of === "season") {
            let unit = target - label.season;
            while (unit >= origin) unit -= label.season;
            return known(unit - (back - 1) * label.season);
          }
          if (label.aggregate !== "mean" && origin - back < first) return null;
          const values = Array.from({ length: back }, (_, i) => known(origin - 1 - i)).filter((one) => one !== null);
          const sum = values.reduce((total, one) => total + one, 0);
          if (label.aggregate === "mean") return values.length === 0 ? null : sum / values.length;
          return sum / back;
        });
        const when = label.unit === "hour" ? text(target * length) : text(target * length).slice(0, 10);
        found.set(`${label.series === null ? "" : `${key}|`}${when} from ${iso}`, [answer, ...features]);
      }
    }
  return found;
}

async function bySql(problem: Problem): Promise<Map<string, (number | null)[]>> {
  const found = new Map<string, (number | null)[]>();
  for (const role of ["training", "holdout", "scoring"] as const) {
    const { sql } = compileMatrix(
      engine.dialect,
      problem,
      { features: all as Feature[] },
      { dataset: source, tables: {} },
      role,
    );
    for (const row of await engine.query(sql)) {
      const name = `${row.__entity} from ${String(row.__cutoff).slice(0, 10)}`;
      expect(found.has(name)).toBe(false);
      found.set(
        name,
        [row.__label, ...all.map((one) => row[one.name])].map((one) => (one === null ? null : Number(one))),
      );
    }
  }
  return found;
}

it("gives a row per series, origin and step with what was known at the origin, as told row by row", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const random = seededRandom(seed);
    const start = Date.UTC(2025, 11, 25);
    const sales = Array.from({ length: 420 }, (): Sale => {
      const shop = random() < 0.05 ? null : ["north", "south", "late"][Math.floor(random() * 3)]!;
      const from = shop === "late" ? 20 * 24 : 0;
      return {
        ...{ shop, at: random() < 0.05 ? null : start + Math.floor(from + random() * (33 * 24 - from)) * HOUR },
        ...{ sold: random() < 0.1 ? null : Math.round(random() * 800) / 8, kind: random() < 0.5 ? "a" : "b" },
      };
    });
    await load(sales);
    const where = [{ column: "kind", in: ["a"] }];
    const rules = [
      ...(["sum", "mean", "count"] as const).flatMap((aggregate) => [rule({ aggregate }), rule({ aggregate, where })]),
      rule({ series: null }),
      rule({ aggregate: "count", column: null }),
      rule({ unit: "hour", steps: 30, season: 24 }),
      rule({ unit: "hour", steps: 30, season: 24, time: "day", hour: "hr", aggregate: "mean" }),
    ];
    for (const label of rules)
      for (const gapDays of [undefined, 2]) {
        const problem = forecast(label, {
          gapDays,
          now: gapDays ? "2026-01-28T20:00:00.000Z" : "2026-01-26T20:00:00.000Z",
        });
        const [made, told] = [await bySql(problem), byHand(problem, sales)];
        expect([...made.keys()].sort(), JSON.stringify(label)).toEqual([...told.keys()].sort());
        for (const [name, values] of told) {
          const found = made.get(name)!;
          values.forEach((one, i) => {
            if (one === null) expect(found[i], `${name} ${i}`).toBeNull();
            else expect(found[i], `${name} ${i} ${JSON.stringify(label)}`).toBeCloseTo(one, 9);
          });
        }
      }
  }
});

it("has no labels for origins whose last step isn't over, and seals the last ones together", async () => {
  await load(
    Array.from({ length: 33 }, (_, day) => ({ shop: "one", at: Date.UTC(2025, 11, 25 + day), sold: day, kind: "a" })),
  );
  const splits = async (now: string) => {
    const rows = await engine.query(compileLabels(engine.dialect, forecast(rule(), { now }), source));
    const of = (split: string) => [
      ...new Set(rows.filter((row) => row.__split === split).map((row) => String(row.__cutoff).slice(0, 10))),
    ];
    return { holdout: of("holdout"), scoring: of("scoring") };
  };
  expect(await splits("2026-01-26T20:00:00.000Z")).toEqual({
    holdout: ["2026-01-19", "2026-01-23"],
    scoring: ["2026-01-27"],
  });
  expect((await splits("2026-01-25T20:00:00.000Z")).holdout).toEqual(["2026-01-19"]);
});

it("refuses a gap that is no whole number of units, hours that are none, and its features where nothing is forecast", async () => {
  await load([]);
  const compile =
    (label: ForecastRule, more: Partial<Problem> = {}) =>
    () =>
      compileLabels(engine.dialect, forecast(label, more), source);
  expect(compile(rule({ unit: "week" }), { gapDays: 3 })).toThrow(/no whole number of weeks/);
  expect(compile(rule({ hour: "kind" }))).toThrow(/hours of a series/);
  expect(compile(rule({ column: "kind" }))).toThrow(/series' value/);
  expect(compile(rule({ series: "gone" }))).toThrow(/no column gone/);
  const other = testProblem();
  const contracts = { relation: "contracts", columns: columns("customer:text", "start:date", "end:date") };
  expect(() =>
    compileMatrix(engine.dialect, other, { features: [ahead("step")] }, { dataset: contracts, tables: {} }, "training"),
  ).toThrow(/forecasts no series/);
});
