import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { z } from "zod";
import { inUsd } from "../budget.ts";
import type { CostDeps } from "../index.ts";
import { reserveFor } from "../ledger/reserve-for.ts";

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
  run: async ({ accepted, estimate }, context: Context & CostDeps) => {
    const { left, ...reserved } = await reserveFor(accepted, estimate, context);
    return {
      ...{ ...reserved, estimatedUsd: estimate.usd.mid, estimatedCpuSeconds: estimate.cpuSeconds.mid },
      verdict: `up to ${inUsd(reserved.limitUsd)} reserved for about ${inUsd(estimate.usd.mid)}, ${left}`,
    };
  },
});
