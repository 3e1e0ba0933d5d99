import { beforeEach, describe, expect, it } from "vitest";
import type { Condition, LabelRule, Problem } from "../domain/problem.ts";
import { seededRandom } from "../random.ts";
import type { Engine, Row } from "../warehouse/duckdb.ts";
import { compileLabels, labelRows } from "./labels.ts";
import { columns, createTable, testEngine } from "./testing.ts";
import {
  asTold,
  byHand,
  type Event,
  eventProblem,
  occurs,
  orders,
  type Person,
  people,
  source,
  tables,
  value,
} from "./testing-events.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

async function load(events: Event[], persons: Person[] = []) {
  await engine.run("DROP TABLE IF EXISTS orders; DROP TABLE IF EXISTS people");
  await createTable(engine, "orders", { columns: orders, rows: events });
  await createTable(engine, "people", { columns: people, rows: persons });
}
const rowsOf = (problem: Problem): Promise<Row[]> =>
  engine.query(compileLabels(engine.dialect, problem, source, tables));

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
