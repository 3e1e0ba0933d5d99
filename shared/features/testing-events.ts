import type { Condition, LabelRule, Problem } from "../domain/problem.ts";
import type { Row } from "../warehouse/duckdb.ts";
import { addDays, addHorizon, momentOf } from "./horizon.ts";
import { isEventRule } from "./label-rule.ts";
import { columns } from "./testing.ts";
import { testProblem } from "./testing-problem.ts";

type Value = string | number | null;
/** An event for tests: customer, at, arrived, status, amount, pieces. */
export type Event = [string | null, string | null, string | null, string | null, number | null, number | null];
/** Somebody for tests: id, since, country. */
export type Person = [string, string | null, string];

/** The columns of events for tests. */
export const orders = columns(
  "customer:text",
  "at:timestamp",
  "arrived:timestamp",
  "status:text",
  "amount:number",
  "pieces:integer",
);
/** The columns of those they belong to. */
export const people = columns("id:text", "since:date", "country:text");
/** The relation of the events. */
export const source = { relation: "orders", columns: orders };
/** Every relation by its dataset. */
export const tables = { orders: source, people: { relation: "people", columns: people } };

/** A problem about the events with a window of ten days, some members replaced. */
export const eventProblem = (label: LabelRule, changes: Partial<Problem> = {}): Problem =>
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

/** The rule that an event follows, or the first. */
export const occurs = (where: Condition[] = [], first = false): LabelRule => ({
  ...{ kind: "occurs", time: "at", where, first, arrived: first ? "arrived" : null },
});
/** The rule of an aggregate over the window. */
export const value = (
  aggregate: Extract<LabelRule, { kind: "value" }>["aggregate"],
  column: string | null,
  times: string | null = null,
): LabelRule => ({
  ...{ kind: "value", time: "at", where: [], aggregate, column, times },
});

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
export function byHand(problem: Problem, events: Event[], persons: Person[]): string[] {
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
/** Labelled rows as `byHand` tells them. */
export const asTold = (rows: Row[]) =>
  rows.map((r) => told(r.__entity, Date.parse(String(r.__cutoff)), r.__label, r.__split)).sort();
