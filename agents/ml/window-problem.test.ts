import { Problem } from "@muster/shared/domain/problem.ts";
import { columns } from "@muster/shared/features/testing.ts";
import { describe, expect, it } from "vitest";
import type { DatasetFacts } from "./dataset-facts.ts";
import { defineProblem, type ProblemRequest, type WindowRequest } from "./define-problem.ts";
import type { WindowFacts } from "./window-problem.ts";

const range = { min: "2024-01-01T00:00:00.000Z", max: "2026-06-30T17:00:00.000Z" };
const orders = (changes: Partial<DatasetFacts["manifest"]> = {}): DatasetFacts => ({
  manifest: {
    ...{ name: "orders", rows: 5000, time: "ordered_at", arrived: "loaded_at" },
    columns: columns(
      ...["order_id:integer", "customer_id:text", "ordered_at:timestamp", "shipped_on:date", "loaded_at:timestamp"],
      ...["status:text", "amount:number", "pieces:integer", "price:number"],
    ),
    ...changes,
  },
  timeRange: { ordered_at: range, shipped_on: range, loaded_at: range },
  ...{ distinct: { customer_id: 400, order_id: 5000 }, missing: {}, classes: null },
});
const customers: DatasetFacts = {
  manifest: {
    ...{ name: "customers", rows: 500, time: "signup", arrived: null },
    columns: columns("id:text", "signup:date", "nr:integer", "country:text"),
  },
  timeRange: { signup: { min: "2024-03-01T00:00:00.000Z", max: "2026-06-01T00:00:00.000Z" } },
  ...{ distinct: { id: 500 }, missing: {}, classes: null },
};
const measured: WindowFacts = {
  ...{ rows: 5000, people: null },
  classes: [
    { label: "paid", rows: 4000 },
    { label: "failed", rows: 900 },
  ],
};
const occurs: WindowRequest = { kind: "occurs", entity: "customer_id" };
const define = (
  event: WindowRequest,
  more: Partial<ProblemRequest> = {},
  facts: Partial<WindowFacts> = {},
  table = orders(),
  now: string | null = range.max,
): Problem =>
  defineProblem({ dataset: "orders", event, horizon: { count: 30, unit: "day" }, ...more }, table, now, [], {
    window: { ...measured, ...facts },
  });

describe("a problem of events in a window", () => {
  it("asks whether one follows, of who was there lately, and says so in one sentence with its dates", () => {
    const problem = define(occurs);
    expect(Problem.parse(problem)).toEqual(problem);
    expect(problem).toMatchObject({
      ...{ name: "orders_follows", task: "binary", metric: "roc_auc", entity: "customer_id", time: null },
      label: { kind: "occurs", time: "ordered_at", where: [], first: false },
      population: { dataset: "orders", key: "customer_id", time: "ordered_at", arrived: "loaded_at", days: 365 },
      holdout: { kind: "last_cutoff", cutoff: "2026-06-01" },
    });
    expect(problem.cutoffs).toMatchObject({ holdout: "2026-06-01", scoring: "2026-07-01" });
    expect(problem.cutoffs.training).toHaveLength(7);
    expect(problem.sentence).toMatch(
      /^For each customer_id with a row of orders in the 365 days up to 2026-07-01: will a row of orders follow \(ordered_at\) after 2026-07-01 and by 2026-07-31\? Learned from the same question on 2025-11-03, .*; checked once on 2026-06-01\.$/,
    );
  });

  it("leaves a gap, waits for labels, and learns from nothing that wasn't known when the hold-out was asked about", () => {
    const problem = define(occurs, { gapDays: 7, labelDelayDays: 10 });
    expect(problem).toMatchObject({ gapDays: 7, labelDelayDays: 10 });
    expect(problem.cutoffs.holdout).toBe("2026-05-02");
    // 2026-04-02 + 7 + 30 + 10 days lies after it.
    expect(problem.cutoffs.training.at(-1)).toBe("2026-03-03");
    expect(problem.sentence).toContain("after 2026-07-08 and by 2026-08-07");
    const weekly = define(occurs, { cutoffs: { every: { count: 1, unit: "week" }, count: 20 } });
    expect(weekly.cutoffs.holdout).toBe("2026-05-27");
    expect(weekly.cutoffs.training).toHaveLength(19);
    expect(weekly.cutoffs.training.at(-1)).toBe("2026-04-22");
  });

  it("counts days without hours as whole ones, and reads a quarter as its own days", () => {
    const dated = (more: Partial<ProblemRequest> = {}) => define({ ...occurs, time: "shipped_on" }, more);
    expect(dated().cutoffs).toMatchObject({ scoring: "2026-06-30", holdout: "2026-05-31" });
    const quarter = dated({ horizon: { quarter: "Q3" } });
    expect(quarter.sentence).toContain("after 2026-06-30 and by 2026-09-30");
    expect(define(occurs, { horizon: { quarter: "Q3" } }).sentence).toContain("after 2026-07-01 and by 2026-10-01");
    expect(define(occurs, { horizon: { quarter: "Q3" }, gapDays: 14 }).sentence).toContain(
      "up to 2026-06-17: will a row of orders follow (ordered_at) after 2026-07-01 and by 2026-10-01",
    );
    expect(() => dated({ horizon: { quarter: "Q2", year: 2026 } })).toThrow(/is over by the data's last day/);
  });

  it("asks for the first one of those who are known to have had none", () => {
    const where = [{ column: "Status", in: ["failed"] }];
    const failed = define({ ...occurs, first: true, where });
    expect(failed.label).toEqual({
      ...{ kind: "occurs", time: "ordered_at", first: true, arrived: "loaded_at" },
      where: [{ column: "status", in: ["failed"] }],
    });
    expect(failed.sentence).toContain("and none of orders (status is failed) yet: will their first row of orders");
    expect(() => define({ ...occurs, first: true })).toThrow(/who never had a row of orders isn't in orders/);
    const asked = define(
      { ...occurs, first: true },
      { population: { dataset: "customers", key: "id" } },
      { people: customers },
    );
    expect(asked.population).toMatchObject({ dataset: "customers", key: "id", time: "signup", days: null });
  });

  it("asks which comes next, when, and how much", () => {
    const next = define({ kind: "next", entity: "customer_id", category: "status" });
    expect(next).toMatchObject({ task: "multiclass", name: "next_status", label: { kind: "next", column: "status" } });
    expect(next.assumptions.join(" ")).toContain("counts as (none)");
    const until = define({ kind: "next", entity: "customer_id" });
    expect(until).toMatchObject({
      task: "regression",
      metric: "rmse",
      label: { kind: "until" },
      name: "days_to_orders",
    });
    const spent = define({ kind: "value", entity: "customer_id", aggregate: "sum", column: "price", times: "pieces" });
    expect(spent).toMatchObject({ task: "regression", label: { kind: "value", column: "price", times: "pieces" } });
    expect(spent.sentence).toContain(
      "what will be the sum of price × pieces over orders (ordered_at) after 2026-07-01",
    );
    const count = define({ kind: "value", entity: "customer_id", aggregate: "count" });
    expect(count.sentence).toContain("how many rows of orders there are");
  });

  it.each<[string, WindowRequest, Partial<ProblemRequest>, Partial<WindowFacts>, string, RegExp]>([
    ["an unknown entity", { ...occurs, entity: "custmer" }, {}, {}, "not_found", /did you mean customer_id/],
    ["an unknown time", { ...occurs, time: "orderd_at" }, {}, {}, "not_found", /did you mean ordered_at/],
    ["a time that is none", { ...occurs, time: "status" }, {}, {}, "invalid_input", /needs dates/],
    [
      "a condition on an unknown column",
      { ...occurs, where: [{ column: "state", missing: true }] },
      {},
      {},
      "not_found",
      /no column state/,
    ],
    ["conditions that nothing meets", occurs, {}, { rows: 0 }, "unfit", /no row of orders/],
    [
      "the sum of a text",
      { kind: "value", entity: "customer_id", aggregate: "sum", column: "status" },
      {},
      {},
      "invalid_input",
      /only numbers/,
    ],
    [
      "the sum of nothing",
      { kind: "value", entity: "customer_id", aggregate: "sum" },
      {},
      {},
      "invalid_input",
      /of which column/,
    ],
    [
      "a category of one value",
      { kind: "next", entity: "customer_id", category: "status" },
      {},
      { classes: [{ label: "a", rows: 9 }] },
      "unfit",
      /1 value/,
    ],
    [
      "a category of too many",
      { kind: "next", entity: "customer_id", category: "status" },
      {},
      { classes: null },
      "unfit",
      /too many/,
    ],
    ["another task", occurs, { task: "regression" }, {}, "invalid_input", /is a binary question/],
    ["a metric of another task", occurs, { metric: "rmse" }, {}, "invalid_input", /can't judge/],
    ["a class that counts", occurs, { positive: "yes" }, {}, "invalid_input", /leave it out/],
    ["the entity left out", occurs, { exclusions: ["customer_id"] }, {}, "invalid_input", /can't be excluded/],
    ["a quarter that is over", occurs, { horizon: { quarter: "Q1", year: 2026 } }, {}, "invalid_input", /is over/],
    [
      "a history too short",
      occurs,
      { horizon: { count: 4, unit: "quarter" } },
      {},
      "unfit",
      /only 2025-07-01 fits between/,
    ],
    ["a delay longer than the history", occurs, { labelDelayDays: 900 }, {}, "unfit", /none fits/],
    [
      "a key of another type",
      occurs,
      { population: { dataset: "customers", key: "nr" } },
      { people: customers },
      "invalid_input",
      /same type/,
    ],
  ])("refuses %s", (_, event, more, facts, code, message) => {
    expect(() => define(event, more, facts)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it("refuses events without a time, without any date, and what is only said of events where a column is asked for", () => {
    expect(() => define(occurs, {}, {}, orders({ time: null }))).toThrow(/has no event time; load it with --time/);
    expect(() => define(occurs, {}, {}, orders(), null)).toThrow(/no date in any row/);
    const flat = { dataset: "orders", target: "status" };
    for (const more of [{ gapDays: 3 }, { population: {} }, { cutoffs: { count: 3 } }])
      expect(() => defineProblem({ ...flat, ...more }, orders(), null)).toThrow(/row by row/);
  });
});
