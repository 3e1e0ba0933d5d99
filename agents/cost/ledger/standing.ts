import type { Trx } from "@muster/shared/database/open.ts";
import type { Budget, Reservation } from "@muster/shared/domain/budget.ts";
import type { Interval } from "@muster/shared/domain/estimate.ts";
import { periodStart, reserve, type Spender } from "../budget.ts";
import type { CostStore, Tables } from "../store.ts";

/** The limit that a request came with, as a budget: it holds for this request, whatever else applies. */
const requestBudget = (request: string, limitUsd: number): Budget => ({
  ...{ id: "request", scope: "request", subject: request, period: "total", limitUsd },
});

/** The earliest start of the budgets' periods; null where one never starts anew, now where there is no budget. */
function since(budgets: readonly Budget[], now: string): string | null {
  const starts = budgets.map(({ period }) => periodStart(period, now));
  return starts.includes(null) ? null : (starts.sort()[0] ?? now);
}

/**
 * How the budgets stand for somebody who wants to spend an estimate; `over_budget` naming the tightest where its middle
 * doesn't fit. Reads within `trx` where one is given.
 */
export async function standing(
  { budgets, ledger }: CostStore,
  spender: Spender,
  requestLimitUsd: number | null,
  want: Interval,
  now: string,
  trx?: Trx<Tables>,
): Promise<Reservation> {
  const set = await budgets.all(trx);
  const all = requestLimitUsd === null ? set : [...set, requestBudget(spender.request, requestLimitUsd)];
  const everyone = set.some(({ scope }) => scope === "everyone");
  const lines = await ledger.lines(spender, { since: since(set, now), everyone }, trx);
  return reserve(all, lines, spender, want, now);
}
