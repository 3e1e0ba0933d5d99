import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { BudgetPeriod, BudgetScope } from "@muster/shared/domain/budget.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { inUsd } from "../budget.ts";
import type { CostDeps } from "../index.ts";

const name = z.string().min(1).max(100);

export const setBudget = tool({
  name: "set_budget",
  does: "Sets a limit in USD for a request, or for a person, a team or everyone per day, week, month, quarter or in all; null takes it away.",
  effect: "write",
  input: z.object({
    scope: BudgetScope,
    /** The request, person or team; absent: each one of them has this limit. */
    subject: name.optional(),
    period: BudgetPeriod,
    limitUsd: z.number().nonnegative().max(1e9).nullable(),
    /** Who is in the team, from now on and nobody else. */
    members: z.array(name).max(1000).optional(),
  }),
  output: z.object({ budget: z.string(), verdict: z.string() }),
  confirmedBy: ["admin"],
  run: async (
    { scope, subject, period, limitUsd, members },
    { store, now, id, commit, audit, confirmer }: Context & CostDeps,
  ) => {
    if (scope === "everyone" && subject)
      throw fault("invalid_input", "a budget of everyone is nobody's in particular; leave `subject` out");
    if (scope === "request" && period !== "total")
      throw fault("invalid_input", "a request has no calendar; its limit holds in all: pass period total");
    if (members && (scope !== "team" || !subject))
      throw fault("invalid_input", "only a named team has members; pass scope team and its `subject`");
    const budget = id("bgt");
    const by = confirmer!.person;
    commit(async (trx) => {
      await store.ledger.lock(trx);
      const at = now().toISOString();
      await store.budgets.set(trx, { id: budget, scope, subject: subject ?? null, period, limitUsd, by, at });
      if (members) await store.budgets.setTeam(trx, subject!, members);
    });
    audit("cost.budget_set", budget, { scope, subject: subject ?? null, period, limitUsd, by });
    const whose =
      scope === "everyone" ? "everyone" : `${subject ? "" : "every "}${scope}${subject ? ` ${subject}` : ""}`;
    const per = period === "total" ? "in all" : `per ${period}`;
    const verdict = limitUsd === null ? `no limit ${per} for ${whose}` : `${inUsd(limitUsd)} ${per} for ${whose}`;
    return { budget, verdict };
  },
});
