import { beforeEach, describe, expect, it } from "vitest";
import type { Condition, LabelRule, Problem } from "../domain/problem.ts";
import { seededRandom } from "../random.ts";
import type { Engine, Row } from "../warehouse/duckdb.ts";
import { addDays, addHorizon, momentOf } from "./horizon.ts";
import { isEventRule } from "./label-rule.ts";
import { compileLabels, labelRows } from "./labels.ts";
import { columns, createTable, testEngine } from "./testing.ts";
import { testProblem } from "./testing-problem.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

type Value = string | number | null;
/** customer, at, arrived, status, amount, pieces */
type Event = [string | null, string | null, string | null, string | null, number | null, number | null];
/** id, since, country */
type Person = [string, string | null, string];

const orders = columns(
  "customer:text",
  "at:timestamp",
  "arrived:timestamp",
  "status:text",
  "amount:number",
  "pieces:integer",
);
const people = columns("id:text", "since:date", "country:text");
const source = { relation: "orders", columns: orders };
const tables = { orders: source, people: { relation: "people", columns: people } };

const eventProblem = (label: LabelRule, changes: Partial<Problem> = {}): Problem =>
  testProblem({
    ...{ dataset: "orders", name: "order", target: "order", entity: "customer", label, labelDelayDays: 0 },
    task: label.kind === "occurs" ? "binary" : label.kind === "next" ? "multiclass" : "regression",
    horizon: { count: 10, unit: "day" },
    cutoffs: { training: ["2026-01-11", "2026-01-21"], holdout: "2026-01-31", scoring: "2026-02-20" },
    holdout: { kind: "last_cutoff", cutoff: "2026-01-31" },
    now: "2026-02-19T18:00:00.000Z",
    population: { dataset: "orders", key: "customer", time: "at", arrived: null, days: null, where: [] },
    ...changes,
  });

const occurs = (where: Condition[] = [], first = false): LabelRule => ({
  ...{ kind: "occurs", time: "at", where, first, arrived: first ? "arrived" : null },
});
const value = (
  aggregate: Extract<LabelRule, { kind: "value" }>["aggregate"],
  column: string | null,
  times: string | null = null,
): LabelRule => ({
  ...{ kind: "value", time: "at", where: [], aggregate, column, times },
});

async function load(events: Event[], persons: Person[] = []) {
  await engine.run("DROP TABLE IF EXISTS orders; DROP TABLE IF EXISTS people");
  await createTable(engine, "orders", { columns: orders, rows: events });
  await createTable(engine, "people", { columns: people, rows: persons });
}
const rowsOf = (problem: Problem): Promise<Row[]> =>
  engine.query(compileLabels(engine.dialect, problem, source, tables));

const ms = (moment: string | null): number | null =>
  moment === null ? null : Date.parse(`${moment.replace(" ", "T")}Z`);
const meets = (row: Record<string, Value>, where: readonly Condition[]): boolean =>
  where.every((one) => {
    const found = row[one.column] ?? null;
    if ("missing" in one) return (found === null) === one.missing;
    if (found === null) return false;
    if ("in" in one) return one.in.includes(found);
    return Number(found) >= (one.atLeast ?? -Infinity) && Number(found) <= (one.atMost ?? Infinity);
  });

/** The labelled rows, told apart row by row from the rule as it is written down: no SQL, no sets. */
function byHand(problem: Problem, events: Event[], persons: Person[]): string[] {
  const { label, population, horizon, gapDays = 0, labelDelayDays, now, cutoffs } = problem;
  if (!isEventRule(label) || !population) throw new Error("no event");
  const log = events.map(([customer, at, arrived, status, amount, pieces]) => ({
    customer,
    at,
    arrived,
    status,
    amount,
    pieces,
  }));
  const crowd = population.dataset === "orders" ? log : persons.map(([id, since, country]) => ({ id, since, country }));
  const complete = Math.floor(Date.parse(now!) / 86_400_000 + 1) * 86_400_000;
  const sides = [
    ...cutoffs.training.map((iso) => [iso, "training"] as const),
    [cutoffs.holdout!, "holdout"] as const,
    [cutoffs.scoring!, "scoring"] as const,
  ];
  const found: string[] = [];
  for (const [iso, side] of sides) {
    const cutoff = momentOf(iso).getTime();
    const from = addDays(momentOf(iso), gapDays).getTime();
    const until = addHorizon(new Date(from), horizon!).getTime();
    if (side !== "scoring" && until + labelDelayDays * 86_400_000 > complete) continue;
    const asked = new Set<string>();
    for (const row of crowd as Record<string, Value>[]) {
      const key = row[population.key] as string | null;
      const at = population.time === null ? null : ms(row[population.time] as string | null);
      if (key === null || !meets(row, population.where)) continue;
      if (population.time !== null && (at === null || at > cutoff)) continue;
      if (population.days !== null && at! <= cutoff - population.days * 86_400_000) continue;
      if (population.arrived !== null) {
        const arrived = ms(row[population.arrived] as string | null);
        if (arrived === null || arrived > cutoff) continue;
      }
      asked.add(key);
    }
    for (const key of asked) {
      const own = log.filter((row) => row.customer === key && row.at !== null && meets(row, label.where));
      const within = own.filter((row) => ms(row.at)! > from && ms(row.at)! <= until);
      const moments = within.map((row) => ms(row.at)!);
      let answer: Value;
      if (label.kind === "occurs" && label.first) {
        // Known: arrived as well; where nothing says when it arrived, when it happened.
        if (own.some((row) => Math.max(ms(row.at)!, ms(row.arrived) ?? ms(row.at)!) <= cutoff)) continue;
        const first = Math.min(...own.map((row) => ms(row.at)!));
        answer = first > from && first <= until ? "1" : "0";
      } else if (label.kind === "occurs") answer = within.length > 0 ? "1" : "0";
      else if (label.kind === "until")
        answer = ((within.length > 0 ? Math.min(...moments) : until) - from) / 86_400_000;
      else if (label.kind === "next") {
        const next = within.filter((row) => ms(row.at) === Math.min(...moments)).map((row) => row.status);
        answer = within.length === 0 ? "(none)" : new Set(next).size === 1 ? next[0]! : null;
      } else {
        const read = (row: (typeof log)[number]): number | null => {
          const one = row[label.column as "amount"];
          const other = label.times === null ? 1 : row[label.times as "pieces"];
          return one === null || other === null ? null : one * other;
        };
        const values = (label.column === null ? [] : within.map(read)).filter((one) => one !== null);
        const total = values.reduce((sum, one) => sum + one, 0);
        const last =
          label.column === null
            ? []
            : within
                .filter((row) => ms(row.at) === Math.max(...moments))
                .map(read)
                .filter((one) => one !== null);
        answer = {
          count: label.column === null ? within.length : values.length,
          sum: total,
          mean: values.length === 0 ? null : total / values.length,
          min: values.length === 0 ? null : Math.min(...values),
          max: values.length === 0 ? null : Math.max(...values),
          last: new Set(last).size === 1 ? last[0]! : null,
        }[label.aggregate];
      }
      if (side !== "scoring" && answer === null) continue;
      found.push(told(key, cutoff, side === "scoring" ? null : answer, side));
    }
  }
  return found.sort();
}
const told = (key: unknown, cutoff: number, label: unknown, side: unknown) =>
  `${key} ${new Date(cutoff).toISOString().slice(0, 10)} ${side} ${typeof label === "number" ? label.toFixed(6) : String(label)}`;
const asTold = (rows: Row[]) =>
  rows.map((r) => told(r.__entity, Date.parse(String(r.__cutoff)), r.__label, r.__split)).sort();

describe("labels of events in a window", () => {
  const label = (rows: Row[], key: string) => rows.find((r) => r.__entity === key && r.__split === "holdout")?.__label;
  const event = (
    customer: string,
    at: string,
    more: Partial<Record<"arrived" | "status", string>> & { amount?: number; pieces?: number } = {},
  ): Event => [
    ...([customer, at, more.arrived ?? at, more.status ?? "paid", more.amount ?? 1, more.pieces ?? 1] as Event),
  ];
  const OLD = "2026-01-05 00:00:00";

  it("are 1 for an event after the cutoff up to the window's end and no later", async () => {
    const at = (moment: string) => [event(moment, OLD), event(moment, moment)];
    const moments = [
      "2026-01-31 00:00:00",
      "2026-01-31 00:00:00.001",
      "2026-02-10 00:00:00",
      "2026-02-10 00:00:00.001",
    ];
    await load(moments.flatMap(at));
    const rows = await rowsOf(eventProblem(occurs()));
    expect(moments.map((moment) => label(rows, moment))).toEqual(["0", "1", "1", "0"]);
  });

  it("leave a gap in which one can act, and are known only after their delay", async () => {
    await load([
      event("gap", OLD),
      event("gap", "2026-02-02 12:00:00"),
      event("then", OLD),
      event("then", "2026-02-12 12:00:00"),
    ]);
    const gap = await rowsOf(eventProblem(occurs(), { gapDays: 3 }));
    expect([label(gap, "gap"), label(gap, "then")]).toEqual(["0", "1"]);
    const late = await rowsOf(eventProblem(occurs(), { gapDays: 3, labelDelayDays: 7 }));
    expect(new Set(late.map((r) => r.__split))).toEqual(new Set(["training", "holdout", "scoring"]));
    expect(String(late.find((r) => r.__split === "holdout")!.__known_at)).toContain("2026-02-20");
    const later = await rowsOf(eventProblem(occurs(), { gapDays: 3, labelDelayDays: 8 }));
    expect(later.some((r) => r.__split === "holdout")).toBe(false);
  });

  it("ask only those whom the population's rows name by then: known, recent enough, meeting the conditions", async () => {
    await load(
      [
        event("old", "2025-11-01 00:00:00"),
        event("recent", OLD),
        event("late", OLD, { arrived: "2026-02-01 00:00:00" }),
        event("other", OLD, { status: "void" }),
      ],
      [
        ["old", "2025-01-01", "DE"],
        ["new", "2026-02-01", "DE"],
        ["far", "2025-01-01", "US"],
        ["undated", null, "DE"],
      ],
    );
    const who = async (population: Partial<Problem["population"]>) => {
      const all = {
        dataset: "orders",
        key: "customer",
        time: "at",
        arrived: null,
        days: null,
        where: [],
        ...population,
      };
      const rows = await rowsOf(eventProblem(occurs(), { population: all }));
      return rows
        .filter((r) => r.__split === "holdout")
        .map((r) => r.__entity)
        .sort();
    };
    expect(await who({ days: 60 })).toEqual(["late", "other", "recent"]);
    expect(await who({ days: 60, arrived: "arrived" })).toEqual(["other", "recent"]);
    expect(await who({ days: 60, where: [{ column: "status", in: ["paid"] }] })).toEqual(["late", "recent"]);
    const table = { dataset: "people", key: "id", arrived: null };
    expect(await who({ ...table, time: "since" })).toEqual(["far", "old"]);
    expect(await who({ ...table, time: null, where: [{ column: "country", in: ["DE"] }] })).toEqual([
      "new",
      "old",
      "undated",
    ]);
  });

  it("of a first event ask those who are known to have had none", async () => {
    const persons = ["had", "in the gap", "in the window", "never", "had, unknown"].map(
      (id): Person => [id, "2025-01-01", "DE"],
    );
    await load(
      [
        event("had", OLD),
        event("had", "2026-02-05 00:00:00"),
        event("in the gap", "2026-02-01 00:00:00"),
        event("in the gap", "2026-02-05 00:00:00"),
        event("in the window", "2026-02-05 00:00:00"),
        event("had, unknown", OLD, { arrived: "2026-02-08 00:00:00" }),
        event("had, unknown", "2026-02-05 00:00:00"),
      ],
      persons,
    );
    const population = { dataset: "people", key: "id", time: "since", arrived: null, days: null, where: [] };
    const rows = await rowsOf(eventProblem(occurs([], true), { population, gapDays: 2 }));
    expect(persons.map(([id]) => label(rows, id))).toEqual([undefined, "0", "1", "0", "0"]);
  });

  it("tell which comes next, none, and nothing where several came at once", async () => {
    const next = (customer: string, at: string, status: string) =>
      event(customer, `2026-02-0${at} 00:00:00`, { status });
    await load([
      ...["one", "two", "none", "both"].map((who) => event(who, OLD)),
      ...[next("one", "3", "paid"), next("one", "4", "void"), next("two", "4", "paid"), next("two", "3", "void")],
      ...[next("both", "3", "paid"), next("both", "3", "void")],
    ]);
    const rows = await rowsOf(eventProblem({ kind: "next", time: "at", where: [], column: "status" }));
    expect(["one", "two", "none", "both"].map((who) => label(rows, who))).toEqual([
      "paid",
      "void",
      "(none)",
      undefined,
    ]);
  });

  it("count the days until the next one, at most the window's", async () => {
    await load([
      ...["soon", "never"].map((who) => event(who, OLD)),
      event("soon", "2026-02-03 12:00:00"),
      event("never", "2026-02-12 00:00:00"),
    ]);
    const rows = await rowsOf(eventProblem({ kind: "until", time: "at", where: [] }, { gapDays: 1 }));
    expect([label(rows, "soon"), label(rows, "never")]).toEqual([2.5, 10]);
  });

  it("take a day that events have no hour of as a whole: its own window begins the day after", async () => {
    const dated = columns("customer:text", "at:date");
    const rows = ["2026-01-31", "2026-02-01", "2026-02-10", "2026-02-11"].flatMap((day) => [
      [day, "2026-01-05"],
      [day, day],
    ]);
    await createTable(engine, "dated", { columns: dated, rows });
    const problem = eventProblem(occurs(), {
      population: { dataset: "dated", key: "customer", time: "at", arrived: null, days: null, where: [] },
      dataset: "dated",
      now: "2026-02-10",
    });
    const asked = (changes: Partial<Problem>) =>
      compileLabels(engine.dialect, { ...problem, ...changes }, { relation: "dated", columns: dated });
    const found = await engine.query(asked({}));
    const held = found.filter((r) => r.__split === "holdout").map((r) => [r.__entity, r.__label]);
    expect(held).toEqual([
      ["2026-01-31", "0"],
      ["2026-02-01", "1"],
      ["2026-02-10", "1"],
      ["2026-02-11", "0"],
    ]);
    const open = await engine.query(asked({ now: "2026-02-09" }));
    expect(open.some((r) => r.__split === "holdout")).toBe(false);
  });

  it("have the entity's key as their one column, and refuse any other", async () => {
    await load([event("a", OLD)]);
    const problem = eventProblem(occurs());
    const rows = await engine.query(labelRows(engine.dialect, problem, source, ["customer"], tables));
    expect(rows.every((r) => r.customer === r.__entity)).toBe(true);
    expect(() => labelRows(engine.dialect, problem, source, ["amount"], tables)).toThrow(/stands for one customer/);
  });

  it("refuse what doesn't fit: an unknown column, a condition of another type, a population elsewhere, a key of another type", async () => {
    await load([]);
    const compile =
      (label: LabelRule, changes: Partial<Problem> = {}) =>
      () =>
        compileLabels(engine.dialect, eventProblem(label, changes), source, tables);
    expect(compile(occurs([{ column: "gone", in: ["x"] }]))).toThrow(expect.objectContaining({ code: "not_found" }));
    expect(compile(occurs([{ column: "amount", in: ["x"] }]))).toThrow(/amount is number/);
    expect(compile(occurs([{ column: "status", atLeast: 1 }]))).toThrow(/status is text/);
    expect(compile(occurs([{ column: "amount" }]))).toThrow(/says nothing/);
    expect(compile(value("sum", "status"))).toThrow(/status is text/);
    const of = (population: Partial<Problem["population"]>) => ({
      population: { dataset: "people", key: "id", time: null, arrived: null, days: null, where: [], ...population },
    });
    expect(compile(occurs(), of({ dataset: "elsewhere" }))).toThrow(/isn't in the scope/);
    expect(compile(occurs(), of({ key: "since" }))).toThrow(/name a key of the same type/);
  });

  it("are what the rule says row by row, for every kind, condition, gap and delay", async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const random = seededRandom(seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
      const rarely = <T>(made: T): T | null => (random() < 0.1 ? null : made);
      const day = (n: number) =>
        new Date(Date.UTC(2025, 11, 20) + n * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
      const names = Array.from({ length: 14 }, (_, i) => `c${i}`);
      const events = Array.from({ length: 160 }, (): Event => {
        // In steps of six hours: windows' ends meet events exactly, and several have one moment.
        const at = Math.floor(random() * 260) * 6;
        return [
          rarely(pick(names)),
          rarely(day(at)),
          rarely(day(at + pick([0, 0, 48, 400]))),
          rarely(pick(["paid", "void", "late"])),
          rarely(Math.round(random() * 1000) / 8),
          rarely(Math.floor(random() * 5)),
        ];
      });
      const persons = names.map(
        (id): Person => [id, rarely(day(Math.floor(random() * 1500)).slice(0, 10)), pick(["DE", "US"])],
      );
      await load(events, persons);
      const wheres: Condition[][] = [
        [],
        [{ column: "status", in: ["paid", "late"] }],
        [
          { column: "amount", atLeast: 30, atMost: 90 },
          { column: "pieces", missing: false },
        ],
      ];
      const rules: LabelRule[] = [
        ...wheres.flatMap((where): LabelRule[] => [
          occurs(where),
          occurs(where, true),
          { kind: "until", time: "at", where },
          { kind: "next", time: "at", where, column: "status" },
        ]),
        ...(["count", "sum", "mean", "min", "max", "last"] as const).map((aggregate) => value(aggregate, "amount")),
        value("count", null),
        value("sum", "amount", "pieces"),
      ];
      const populations: NonNullable<Problem["population"]>[] = [
        { dataset: "orders", key: "customer", time: "at", arrived: null, days: null, where: [] },
        { dataset: "orders", key: "customer", time: "at", arrived: "arrived", days: 12, where: wheres[1]! },
        {
          dataset: "people",
          key: "id",
          time: "since",
          arrived: null,
          days: null,
          where: [{ column: "country", in: ["DE"] }],
        },
      ];
      for (const rule of rules)
        for (const population of populations) {
          const problem = eventProblem(rule, {
            population,
            gapDays: pick([undefined, 0, 3]),
            labelDelayDays: pick([0, 5, 13]),
          });
          expect(asTold(await rowsOf(problem)), JSON.stringify([seed, rule, population])).toEqual(
            byHand(problem, events, persons),
          );
        }
    }
  });
});
