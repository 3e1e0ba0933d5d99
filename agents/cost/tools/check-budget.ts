import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { inUsd } from "../budget.ts";
import type { CostDeps } from "../index.ts";
import { standing } from "../ledger/standing.ts";
import { limitsOf } from "../limits.ts";

export const checkBudget = tool({
  name: "check_budget",
  does: "Reserves what the training may cost from every budget that applies, or says which one doesn't have it.",
  effect: "write",
  input: z.object({}),
  output: facts["budget.reserved"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "training.estimated", as: "estimate" },
  ],
  gives: [{ is: "budget.reserved" }],
  cost: { ms: 20 },
  run: async (
    { accepted, estimate },
    { store, prices, machineMemoryMb, turns, now, id, commit }: Context & CostDeps,
  ) => {
    const { request, person, budgetUsd } = accepted;
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
    const limits = limitsOf(estimate, budgets, table, machineMemoryMb);
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
    const left = tightest ? `, ${inUsd(tightest.remainsUsd)} were left in the tightest budget` : ", no budget applies";
    return {
      ...{ reservation, ...limits, estimatedUsd: estimate.usd.mid, estimatedCpuSeconds: estimate.cpuSeconds.mid },
      verdict: `up to ${inUsd(limits.limitUsd)} reserved for about ${inUsd(estimate.usd.mid)}${left}`,
    };
  },
});
