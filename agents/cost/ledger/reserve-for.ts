import type { Context } from "@muster/bus/context.ts";
import type { Estimate } from "@muster/shared/domain/estimate.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { inUsd } from "../budget.ts";
import type { CostDeps } from "../index.ts";
import { type Limits, limitsOf } from "../limits.ts";
import { standing } from "./standing.ts";

/** What was reserved, and how the tightest budget stood before, in words. */
export type ReservedFor = Limits & { reservation: string; left: string };

/**
 * Reserves what an estimate may cost from every budget that applies, in the call's own transaction; `cap` may lower the
 * limits that follow from estimate and budgets. `over_budget` naming the tightest where the estimate's middle doesn't
 * fit, `unavailable` where it was drawn on meanwhile.
 */
export async function reserveFor(
  { request, person, budgetUsd }: FactValue<"request.accepted">,
  estimate: Estimate,
  { store, prices, machineMemoryMb, turns, now, id, commit }: Context & CostDeps,
  cap: (limits: Limits) => Limits = (limits) => limits,
): Promise<ReservedFor> {
  const spender = { request, person, team: await store.budgets.teamOf(person) };
  const at = now().toISOString();
  const table = await prices();
  const endTurn = await turns.take();
  const { budgets } = await store.ledger
    .locked((trx) => standing(store, spender, budgetUsd, estimate.usd, at, trx))
    .catch((error: unknown) => {
      endTurn();
      throw error;
    });
  const limits = cap(limitsOf(estimate, budgets, table, machineMemoryMb));
  const reservation = id("rsv");
  commit(async (trx) => {
    await store.ledger.lock(trx);
    // Whoever is next looks at what is left once this transaction has ended: it holds the lock until then.
    endTurn();
    // Another process may have reserved since: what is left is looked at again, now that nobody else can.
    const again = await standing(store, spender, budgetUsd, estimate.usd, at, trx);
    if (again.budgets.some(({ remainsUsd }) => remainsUsd < limits.limitUsd))
      throw fault("unavailable", "a budget was drawn on meanwhile; try again");
    await store.ledger.reserve(trx, { id: reservation, usd: limits.limitUsd, at, ...spender }, estimate);
  });
  const tightest = budgets.toSorted((a, b) => a.remainsUsd - b.remainsUsd)[0];
  const left = tightest ? `${inUsd(tightest.remainsUsd)} were left in the tightest budget` : "no budget applies";
  return { reservation, ...limits, left };
}
