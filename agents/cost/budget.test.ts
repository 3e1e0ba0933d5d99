import type { Budget, Spend } from "@muster/shared/domain/budget.ts";
import { describe, expect, it } from "vitest";
import { budgetStates, inUsd, periodStart, reserve, settle } from "./budget.ts";

const now = "2026-05-20T10:00:00.000Z";
const spender = { request: "req_1", person: "ann", team: "risk" };
const budget = (more: Partial<Budget> = {}): Budget => ({
  id: "bud_1",
  scope: "user",
  subject: "ann",
  period: "month",
  limitUsd: 1,
  ...more,
});
const line = (more: Partial<Spend> = {}): Spend => ({
  id: "s",
  state: "spent",
  usd: 0.4,
  ...spender,
  at: "2026-05-02T00:00:00.000Z",
  ...more,
});
const want = { low: 0.1, mid: 0.2, high: 0.5 };

it.each([
  ["day", "2026-05-20T00:00:00.000Z"],
  ["week", "2026-05-18T00:00:00.000Z"],
  ["month", "2026-05-01T00:00:00.000Z"],
  ["quarter", "2026-04-01T00:00:00.000Z"],
  ["total", null],
] as const)("knows when the %s began", (period, start) => expect(periodStart(period, now)).toBe(start));

it("begins a week on Monday, on a Sunday too", () =>
  expect(periodStart("week", "2026-05-24T23:59:59.000Z")).toBe("2026-05-18T00:00:00.000Z"));

describe("what a budget has left", () => {
  it("counts what was spent and what is reserved in its period, of its subject", () => {
    const ledger = [
      line(),
      line({ state: "reserved", usd: 0.3 }),
      line({ at: "2026-04-30T23:59:59.999Z" }),
      line({ person: "bob" }),
    ];
    expect(budgetStates([budget()], ledger, spender, now)).toMatchObject([
      { spentUsd: 0.4, reservedUsd: 0.3, remainsUsd: expect.closeTo(0.3, 10) },
    ]);
  });
  it("applies to each one of a scope where it names nobody", () => {
    const everybody = budget({ subject: null });
    const ledger = [line({ person: "bob", usd: 5 })];
    expect(budgetStates([everybody], ledger, spender, now)[0]!.spentUsd).toBe(0);
    expect(budgetStates([budget({ subject: "bob" })], ledger, spender, now)).toEqual([]);
  });
  it("does not apply a team's limit to somebody without a team", () =>
    expect(budgetStates([budget({ scope: "team", subject: null })], [], { ...spender, team: null }, now)).toEqual([]));
  it("adds up all of an installation for everyone", () => {
    const all = budget({ scope: "everyone", subject: null });
    expect(budgetStates([all], [line(), line({ person: "bob", team: null })], spender, now)[0]!.spentUsd).toBe(0.8);
  });
});

describe("a reservation", () => {
  it("is the high end where that fits, and everything without a budget", () => {
    expect(reserve([budget()], [], spender, want, now).reservedUsd).toBe(0.5);
    expect(reserve([], [], spender, want, now)).toEqual({ reservedUsd: 0.5, budgets: [] });
  });
  it("is what is left where the middle fits and the high end does not", () =>
    expect(reserve([budget()], [line({ usd: 0.7 })], spender, want, now).reservedUsd).toBeCloseTo(0.3, 10));
  it("is refused by the tightest budget, saying what to do", () => {
    const tight = budget({ id: "bud_2", scope: "request", subject: "req_1", period: "total", limitUsd: 0.05 });
    expect(() => reserve([budget(), tight], [], spender, want, now)).toThrow(
      expect.objectContaining({
        code: "over_budget",
        message: expect.stringMatching(/0\.20 USD.*this request.*0\.050 USD left of 0\.050 USD.*--budget/),
        data: { budget: "bud_2", limitUsd: 0.05, remainsUsd: 0.05, estimatedUsd: 0.2 },
      }),
    );
  });
  it("counts reservations of others on the same budget", () => {
    const team = budget({ scope: "team", subject: "risk" });
    const open = line({ state: "reserved", usd: 0.9, person: "bob", request: "req_2" });
    expect(() => reserve([team], [open], spender, want, now)).toThrow(
      /this team per month.*0\.90 USD reserved.*set_budget/,
    );
  });
  it("settles to what was spent, once", () => {
    const spent = settle(line({ state: "reserved", usd: 0.5 }), 0.12);
    expect(spent).toMatchObject({ state: "spent", usd: 0.12 });
    expect(() => settle(spent, 0.2)).toThrow(/already settled/);
  });
});

it.each([
  [0, "0.00 USD"],
  [12.345, "12.35 USD"],
  [0.0123, "0.012 USD"],
  [0.00004, "0.000040 USD"],
])("writes %d so that its size can be seen", (value, text) => expect(inUsd(value)).toBe(text));
