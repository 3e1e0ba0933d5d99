import type { Budget, BudgetPeriod, BudgetState, Reservation, Spend } from "@muster/shared/domain/budget.ts";
import type { Interval } from "@muster/shared/domain/estimate.ts";
import { type Fault, fault } from "@muster/shared/fault.ts";

/** Who wants to spend. */
export type Spender = { request: string; person: string; team: string | null };

/** When the period began that holds a moment (ISO 8601, UTC): midnight of its first day; null for `total`. */
export function periodStart(period: BudgetPeriod, now: string): string | null {
  const at = new Date(now);
  const day = (year: number, month: number, date: number) => new Date(Date.UTC(year, month, date)).toISOString();
  const [year, month, date] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  switch (period) {
    case "day":
      return day(year, month, date);
    case "week":
      return day(year, month, date - ((at.getUTCDay() + 6) % 7));
    case "month":
      return day(year, month, 1);
    case "quarter":
      return day(year, month - (month % 3), 1);
    case "total":
      return null;
  }
}

/** Whom a scope means for a spender; null where the spender has none (a person without a team). */
function subjectOf(scope: Budget["scope"], spender: Spender): string | null {
  if (scope === "everyone") return "";
  return { request: spender.request, user: spender.person, team: spender.team }[scope];
}

/** Whether a budget limits this spender. */
function applies({ scope, subject }: Budget, spender: Spender): boolean {
  const own = subjectOf(scope, spender);
  return own !== null && (subject === null || subject === own);
}

/**
 * How every budget that applies to a spender stands: what is spent and what is reserved since its period began.
 * A reservation counts in the period in which it was made until it is settled.
 */
export function budgetStates(budgets: Budget[], ledger: Spend[], spender: Spender, now: string): BudgetState[] {
  return budgets
    .filter((budget) => applies(budget, spender))
    .map((budget) => {
      const start = periodStart(budget.period, now);
      const own = subjectOf(budget.scope, spender);
      const lines = ledger.filter(
        (line) => subjectOf(budget.scope, line) === own && (start === null || Date.parse(line.at) >= Date.parse(start)),
      );
      const total = (state: Spend["state"]) =>
        lines.filter((line) => line.state === state).reduce((sum, line) => sum + line.usd, 0);
      const [spentUsd, reservedUsd] = [total("spent"), total("reserved")];
      return { budget, spentUsd, reservedUsd, remainsUsd: Math.max(0, budget.limitUsd - spentUsd - reservedUsd) };
    });
}

/** Money for people: two significant digits at least, no exponent. */
export const inUsd = (value: number): string =>
  `${value >= 0.1 || value === 0 ? value.toFixed(2) : value.toFixed(Math.min(10, 1 - Math.floor(Math.log10(value))))} USD`;

const whose = ({ scope, subject, period }: Budget): string => {
  const owner = { request: "this request", user: "this person", team: "this team", everyone: "everyone" }[scope];
  const each = subject === null && scope !== "everyone" && scope !== "request" ? " (the limit each one has)" : "";
  return `${owner}${each}${period === "total" ? "" : ` per ${period}`}`;
};

const remedy = ({ scope }: Budget): string =>
  scope === "request"
    ? "ask again with a larger --budget, or for fewer rows, columns or candidates"
    : "wait for the next period, have the limit raised with cost.set_budget, or ask for fewer rows, columns or candidates";

/** The fault that says which budget is spent, by how much, and what to do. */
function overBudget({ budget, spentUsd, reservedUsd, remainsUsd }: BudgetState, want: Interval): Fault {
  const wanted = `this costs about ${inUsd(want.mid)} (${inUsd(want.low)} to ${inUsd(want.high)})`;
  const left = `the budget of ${whose(budget)} has ${inUsd(remainsUsd)} left of ${inUsd(budget.limitUsd)}`;
  const used = `${inUsd(spentUsd)} spent, ${inUsd(reservedUsd)} reserved`;
  return fault("over_budget", `${wanted}, and ${left} (${used}): ${remedy(budget)}`, {
    budget: budget.id,
    limitUsd: budget.limitUsd,
    remainsUsd,
    estimatedUsd: want.mid,
  });
}

/**
 * What may be reserved for an estimate: the high end of its interval, or what the tightest budget has left where that
 * is at least the middle (the training then stops hard at the reservation). Throws `over_budget` when the middle does
 * not fit, naming the tightest budget. Without a budget that applies everything may be reserved.
 */
export function reserve(
  budgets: Budget[],
  ledger: Spend[],
  spender: Spender,
  want: Interval,
  now: string,
): Reservation {
  const states = budgetStates(budgets, ledger, spender, now);
  const [tightest] = states.toSorted((a, b) => a.remainsUsd - b.remainsUsd);
  if (tightest && tightest.remainsUsd < want.mid) throw overBudget(tightest, want);
  return { reservedUsd: Math.min(want.high, tightest?.remainsUsd ?? want.high), budgets: states };
}

/** The reservation's line after its run ended (finished, failed or cancelled alike): what was really spent. */
export function settle(line: Spend, actualUsd: number): Spend {
  if (line.state === "spent") throw fault("conflict", "this reservation is already settled");
  return { ...line, state: "spent", usd: actualUsd };
}
