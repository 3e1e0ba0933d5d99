import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Column } from "../domain/dataset.ts";
import { Feature } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { seededRandom } from "../random.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { checkLeaks, type LeakFacts, type LeakKind, leaksOf } from "./leaks.ts";
import { compileMatrix } from "./matrix.ts";
import { measureLeaks } from "./measure-leaks.ts";
import { columns, createTable, type TestTable, testEngine } from "./testing.ts";
import { flatProblem, testProblem } from "./testing-problem.ts";

type Value = string | number | boolean | null;
type Table = TestTable & { time: string | null; arrived: string | null };
/** A problem and its tables, the label's own first. */
type World = { problem: Problem; tables: Record<string, Table> };

const HOUR = 3_600_000;
const moment = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
const day = (ms: number) => moment(ms).slice(0, 10);
const table = (time: string | null, arrived: string | null, schema: Column[], rows: Value[][]): Table => ({
  ...{ time, arrived, columns: schema, rows },
});

/** Card transactions with a label that is known two days later; what is known of them and of their payments grows with time. */
function transactions(): World {
  const random = seededRandom(21);
  const start = Date.UTC(2026, 0, 1);
  const now = start + 90 * 24 * HOUR;
  const log: Value[][] = [];
  const payments: Value[][] = [];
  const visits: Value[][] = [];
  for (let i = 0; i < 4000; i++) {
    const at = start + random() * (now - start);
    const card = `c${Math.floor(random() * 150)}`;
    const left = random() < 0.2;
    const settled = at + (random() < 0.2 ? 0 : 24 * HOUR * (1 + 6 * random()));
    const done = settled < now && random() < 0.8;
    log.push([
      ...[`r${i}`, card, `s${Math.floor(random() * 30)}`, moment(at), moment(at + HOUR * random())],
      ...[done ? moment(settled) : null, done ? 1 + random() * 9 : null, Math.round(random() * 1e4) / 100],
      ...[["a", "b", "c"][Math.floor(random() * 3)]!, left ? 1 + Math.floor(random() * 3) : 0],
      ...[
        `note ${Math.floor(random() * 1000)}`,
        Math.floor(random() * 5),
        Math.floor(random() * 9),
        left ? "yes" : "no",
      ],
    ]);
    const refunded = at + 24 * HOUR * (2 + 9 * random());
    const back = refunded < now && random() < 0.7;
    payments.push([
      ...[card, moment(at), moment(at + 2 * HOUR * random()), 5 + random() * 95, random() < 0.5 ? "cash" : "wire"],
      ...[back ? moment(refunded) : null, back ? 1 + random() * 5 : null],
    ]);
    visits.push([card, moment(at), day(at + 30 * 24 * HOUR), 1 + Math.floor(random() * 5)]);
  }
  const shops = Array.from({ length: 30 }, (_, i): Value[] => [`s${i}`, `m${i % 7}`, 10 + i, i % 2 ? "x" : "y"]);
  const malls = Array.from({ length: 7 }, (_, i): Value[] => [`m${i}`, 100 * i, `p${i}`]);
  return {
    problem: flatProblem({
      ...{ dataset: "log", entity: "id", time: "at", labelDelayDays: 2, now: new Date(now).toISOString() },
      exclusions: ["visitor", "payments.method"],
      holdout: { kind: "last_time", share: 0.2, time: "at" },
    }),
    tables: {
      log: table(
        "at",
        "loaded",
        columns(
          "id:text",
          "card:text",
          "shop:text",
          "at:timestamp",
          "loaded:timestamp",
          "settled:timestamp",
          "fee:number",
          "amount:number",
          "kind:text",
          "scenario:integer",
          "note:text",
          "visitor:integer",
          "nr:integer",
          "left:text",
        ),
        log,
      ),
      payments: table(
        "at",
        "loaded",
        columns(
          "card:text",
          "at:timestamp",
          "loaded:timestamp",
          "paid:number",
          "method:text",
          "refunded:timestamp",
          "refund:number",
        ),
        payments,
      ),
      visits: table("at", null, columns("card:text", "at:timestamp", "due:date", "stars:integer"), visits),
      shops: table(null, null, columns("shop:text", "mall:text", "size:integer", "class:text"), shops),
      malls: table(null, null, columns("mall:text", "area:integer", "place:text"), malls),
    },
  };
}

/** Contracts that end, a reason that comes with the end, and accounts whose tier is overwritten. */
function contracts(): World {
  const random = seededRandom(22);
  const start = Date.UTC(2024, 0, 1);
  const now = Date.UTC(2026, 5, 30);
  const rows: Value[][] = [];
  const accounts: Value[][] = [];
  const usage: Value[][] = [];
  for (let i = 0; i < 800; i++) {
    const from = start + random() * (Date.UTC(2025, 4, 1) - start);
    const to = from + 24 * HOUR * (300 + random() * 900);
    const over = to < now;
    rows.push([
      `c${i}`,
      `g${i % 5}`,
      day(from),
      over ? day(to) : null,
      over ? "moved" : null,
      over ? "closed" : "open",
      10 + random() * 20,
    ]);
    accounts.push([`c${i}`, ["gold", "plain"][i % 2]!, moment(now - random() * 300 * 24 * HOUR), i % 40]);
    for (let w = 0; w < 20; w++) {
      const at = from + random() * (now - from);
      usage.push([`c${i}`, day(at), moment(at + 30 * HOUR), random() * 100]);
    }
  }
  return {
    problem: testProblem(),
    tables: {
      contracts: table(
        "start",
        null,
        columns("customer:text", "region:text", "start:date", "end:date", "reason:text", "state:text", "fee:number"),
        rows,
      ),
      accounts: table(
        null,
        null,
        columns("customer:text", "tier:text", "tier_updated_at:timestamp", "nr:integer"),
        accounts,
      ),
      usage: table(
        "week",
        "loaded",
        columns("customer:text", "week:date", "loaded:timestamp", "minutes:number"),
        usage,
      ),
    },
  };
}

let engine: Engine;
const worlds: Record<string, World> = { log: transactions(), contracts: contracts() };
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

type Draft = Record<string, unknown>;
const own = { table: "log", key: "card", localKey: "card", time: "at", arrived: "loaded" };
const paid = { ...own, table: "payments" };
const seen = { ...own, table: "visits", arrived: null };
const shop = { table: "shops", key: "shop", localKey: "shop", time: null, arrived: null };
const mall = {
  table: "malls",
  key: "mall",
  localKey: "shop",
  via: { table: "shops", key: "shop", column: "mall" },
  time: null,
  arrived: null,
};
const used = { table: "usage", key: "customer", localKey: "customer", time: "week", arrived: "loaded" };
const account = { table: "accounts", key: "customer", localKey: "customer", time: null, arrived: null };
const count = (of: Draft, more: Draft = {}): Draft => ({
  kind: "window",
  ...of,
  aggregate: "count",
  column: null,
  days: 7,
  where: null,
  ...more,
});
const of = (from: Draft, aggregate: string, column: string, more: Draft = {}) =>
  count(from, { aggregate, column, ...more });
const where = (from: Draft, column: string, equals: Value) => count(from, { where: { column, equals } });
const lag = (from: Draft, column: string, type: string, more: Draft = {}): Draft => ({
  kind: "lag",
  ...from,
  column,
  type,
  back: 1,
  ...more,
});
const lookup = (from: Draft, column: string, type: string, more: Draft = {}): Draft => ({
  kind: "lookup",
  ...from,
  column,
  type,
  ...more,
});
const recency = (from: Draft): Draft => ({ kind: "recency_days", ...from });
const ratio = (from: Draft, more: Draft = {}): Draft => ({
  kind: "window_ratio",
  ...from,
  aggregate: "count",
  column: null,
  shortDays: 1,
  longDays: 7,
  where: null,
  ...more,
});
const plain = (column: string, type: string, more: Draft = {}): Draft => ({ kind: "column", column, type, ...more });
const rate = (key: string, delayDays: number, days: number | null = 7): Draft => ({
  kind: "label_rate",
  key,
  days,
  delayDays,
});
const mean = (column: string, more: Draft): Draft => ({
  kind: "target_mean",
  column,
  smoothing: 10,
  delayDays: null,
  folds: null,
  ...more,
});

const planted: Record<string, [LeakKind, Draft[]][]> = {
  log: [
    [
      "label",
      [
        plain("left", "text"),
        { kind: "is_missing", column: "left" },
        { kind: "text_length", column: "left" },
        { kind: "text_pattern", column: "left", pattern: "has_digit" },
        { kind: "cross", columns: ["left", "kind"] },
        mean("left", { delayDays: 2 }),
        rate("left", 2),
        where(own, "left", "yes"),
        of(own, "distinct", "left"),
        lag(own, "left", "text"),
        ratio(own, { where: { column: "left", equals: "yes" } }),
        recency({ ...own, key: "left", localKey: "left" }),
      ],
    ],
    [
      "told by the label",
      [
        plain("scenario", "integer"),
        { kind: "bin", column: "scenario", edges: [0.5] },
        { kind: "log", column: "scenario" },
        { kind: "ratio", numerator: "amount", denominator: "scenario" },
        { kind: "difference", left: "scenario", right: "amount" },
        { kind: "cross", columns: ["kind", "scenario"] },
        of(own, "mean", "scenario"),
        of(own, "max", "scenario", { days: 10 / 1440 }),
        where(own, "scenario", 2),
        lag(own, "scenario", "integer"),
        mean("scenario", { delayDays: 2 }),
      ],
    ],
    [
      "excluded",
      [
        plain("visitor", "integer"),
        { kind: "log", column: "visitor" },
        of(own, "sum", "visitor"),
        lag(own, "visitor", "integer"),
        mean("visitor", { delayDays: 2 }),
        rate("visitor", 2),
        lookup(paid, "method", "text"),
        where(paid, "method", "cash"),
      ],
    ],
    [
      "key",
      [
        plain("id", "text"),
        { kind: "text_length", column: "id" },
        { kind: "cross", columns: ["id", "kind"] },
        mean("id", { delayDays: 2 }),
      ],
    ],
    [
      "undelayed label",
      [
        rate("shop", 1),
        rate("shop", 1.999),
        rate("card", 0.01, null),
        mean("shop", { delayDays: 1 }),
        mean("shop", { folds: 5 }),
        mean("shop", { delayDays: 2, folds: 5 }),
      ],
    ],
    [
      "without arrival",
      [
        { ...own, arrived: null },
        { ...paid, arrived: null },
        { ...paid, arrived: "at" },
      ]
        .flatMap((from) => [count(from), recency(from), ratio(from)])
        .concat(
          lag({ ...own, arrived: null }, "amount", "number"),
          lookup({ ...paid, arrived: null }, "paid", "number"),
        ),
    ],
    [
      "without time",
      [
        lookup({ ...paid, time: null }, "paid", "number"),
        { kind: "lookup_age_days", ...seen, time: null, column: "due" },
        lookup({ ...shop, table: "payments", key: "card", localKey: "card" }, "paid", "number"),
        count({ ...paid, localKey: "card", via: { table: "visits", key: "card", column: "card" } }),
      ],
    ],
    [
      "beyond the cutoff",
      [
        count({ ...seen, time: "due" }),
        recency({ ...seen, time: "due" }),
        lookup({ ...seen, time: "due" }, "stars", "integer"),
        lag({ ...seen, time: "due" }, "stars", "integer"),
      ],
    ],
    [
      "written later",
      [
        plain("fee", "number"),
        { kind: "log", column: "fee" },
        { kind: "is_missing", column: "fee" },
        { kind: "age_days", column: "settled", at: "at" },
        { kind: "is_missing", column: "settled" },
        plain("fee", "number", { filledBy: "at" }),
        of(own, "sum", "fee"),
        lag(own, "fee", "number"),
        of(paid, "sum", "refund"),
        where(paid, "refund", null),
        { kind: "age_days", column: "loaded", at: "at" },
      ],
    ],
  ],
  contracts: [
    [
      "label",
      [
        { kind: "age_days", column: "end", at: null },
        { kind: "is_missing", column: "end" },
        plain("fee", "number", { filledBy: "end" }),
        recency({
          ...used,
          table: "contracts",
          key: "region",
          localKey: "region",
          time: "start",
          arrived: null,
          order: "end",
        }),
      ],
    ],
    [
      "written later",
      [
        plain("reason", "text"),
        { kind: "is_missing", column: "reason" },
        plain("state", "text"),
        lookup(account, "tier", "text"),
        { kind: "lookup_age_days", ...account, column: "tier_updated_at" },
      ],
    ],
    ["without arrival", [count({ ...used, arrived: null }), of({ ...used, arrived: null }, "sum", "minutes")]],
    ["undelayed label", [rate("region", 29, null), mean("region", { delayDays: 10 })]],
    ["key", [plain("customer", "text")]],
  ],
};

/** What is nearly the same and known at the cutoff. */
const honest: Record<string, Draft[]> = {
  log: [
    ...[
      plain("kind", "text"),
      plain("amount", "number"),
      { kind: "bin", column: "amount", edges: [10, 50] },
      { kind: "log", column: "amount" },
      { kind: "is_missing", column: "amount" },
    ],
    ...[
      { kind: "ratio", numerator: "amount", denominator: "nr" },
      { kind: "difference", left: "amount", right: "nr" },
      { kind: "cross", columns: ["kind", "shop"] },
      plain("nr", "integer"),
    ],
    ...[
      { kind: "text_length", column: "note" },
      { kind: "text_words", column: "note" },
      { kind: "text_pattern", column: "note", pattern: "digit_share" },
      { kind: "date_part", column: "at", part: "hour" },
      { kind: "date_part", column: "at", part: "weekday" },
    ],
    ...[own, { ...own, key: "shop", localKey: "shop" }].flatMap((from) => [
      count(from),
      count(from, { days: 10 / 1440 }),
      count(from, { days: null }),
      of(from, "sum", "amount"),
      of(from, "distinct", "kind"),
      where(from, "kind", "a"),
      recency(from),
      ratio(from),
      lag(from, "amount", "number"),
      lag(from, "kind", "text", { back: 3, order: "nr" }),
    ]),
    ...[
      rate("shop", 2),
      rate("shop", 2.5, 30),
      rate("card", 2, null),
      mean("shop", { delayDays: 2 }),
      mean("kind", { delayDays: 3 }),
    ],
    ...[
      plain("fee", "number", { filledBy: "settled" }),
      { kind: "is_missing", column: "fee", filledBy: "settled" },
      of(own, "sum", "fee", { filledBy: "settled" }),
      of(own, "count", "settled"),
      { kind: "age_days", column: "settled", at: "at", filledBy: "settled" },
    ],
    ...[
      count(paid),
      of(paid, "mean", "paid"),
      recency(paid),
      lookup(paid, "paid", "number"),
      of(paid, "sum", "refund", { filledBy: "refunded" }),
      { kind: "lookup_age_days", ...paid, column: "refunded" },
    ],
    ...[count(seen), of(seen, "mean", "stars"), lookup(seen, "stars", "integer"), lag(seen, "stars", "integer")],
    ...[
      lookup(shop, "size", "integer"),
      lookup(shop, "class", "text"),
      lookup(mall, "area", "integer"),
      lookup(mall, "place", "text"),
    ],
  ],
  contracts: [
    ...[
      plain("fee", "number"),
      plain("region", "text"),
      { kind: "age_days", column: "start", at: null },
      { kind: "date_part", column: "start", part: "month" },
    ],
    ...[
      count(used),
      of(used, "sum", "minutes"),
      of(used, "mean", "minutes", { days: null }),
      recency(used),
      ratio(used),
      lookup(used, "minutes", "number"),
      lag(used, "minutes", "number"),
    ],
    lookup(account, "nr", "integer"),
    ...[rate("region", 30, null), mean("region", { delayDays: 30 }), rate("region", 45, 365)],
  ],
};

const parsed = (drafts: readonly Draft[], prefix: string): Feature[] =>
  drafts.map((draft, i) => Feature.parse({ ...draft, name: `${prefix}${i}` }));

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
