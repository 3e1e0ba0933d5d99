import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Budget } from "@muster/shared/domain/budget.ts";
import { Prices } from "@muster/shared/domain/estimate.ts";
import { z } from "zod";
import { Accuracy, accuracyOf } from "../accuracy.ts";
import { inUsd } from "../budget.ts";
import type { CostDeps } from "../index.ts";
import { usd } from "../price.ts";

/** Finished runs over which the error of estimates is told. */
const lastRuns = 20;
const amount = z.number().nonnegative();

export const getSpend = tool({
  name: "get_spend",
  does: "Says what is reserved and what was spent, in all or by a request; how good the estimates were, the prices, the budgets, and what some use costs.",
  effect: "read",
  input: z.object({
    request: z.string().optional(),
    /** A use to put a price on: CPU-seconds, peak memory in MB, seconds by the clock. */
    use: z.object({ cpuSeconds: amount, memoryMb: amount, seconds: amount }).optional(),
    limit: z.number().int().min(1).max(1000).default(100),
  }),
  output: z.object({
    reservedUsd: amount,
    spentUsd: amount,
    cpuSeconds: amount,
    seconds: amount,
    peakMemoryMb: amount,
    /** The newest reservations; a settled one has `outcome`: finished, unused, or the code it failed with. */
    byRequest: z.array(
      z.object({
        request: z.string(),
        reservation: z.string(),
        person: z.string(),
        state: z.enum(["reserved", "spent"]),
        usd: amount,
        reservedUsd: amount,
        cpuSeconds: amount,
        seconds: amount,
        peakMemoryMb: amount,
        run: z.string().nullable(),
        outcome: z.string().nullable(),
        at: z.string(),
      }),
    ),
    /** Estimates of the newest finished runs, held against what those took. */
    accuracy: Accuracy,
    prices: Prices,
    budgets: z.array(Budget),
    /** The price of `use`; null without one. */
    usd: amount.nullable(),
    verdict: z.string(),
  }),
  cost: { ms: 15 },
  run: async ({ request = null, use, limit }, { store, prices }: Context & CostDeps) => {
    const [totals, lines, table, budgets, forecasts] = await Promise.all([
      store.ledger.totals(request),
      store.ledger.list(request, limit),
      prices(),
      store.budgets.all(),
      store.ledger.forecasts(lastRuns),
    ]);
    const { reservedUsd, spentUsd, cpuSeconds, seconds, peakMemoryMb } = totals;
    return {
      ...{ reservedUsd, spentUsd, cpuSeconds, seconds, peakMemoryMb },
      byRequest: lines.map((line) => ({
        ...{ request: line.request, reservation: line.id, person: line.person, state: line.state, usd: line.usd },
        ...{ reservedUsd: line.reserved_usd, cpuSeconds: line.cpu_seconds, seconds: line.seconds },
        ...{ peakMemoryMb: line.peak_memory_mb, run: line.run, outcome: line.outcome, at: line.at },
      })),
      accuracy: accuracyOf(forecasts),
      prices: table,
      budgets,
      usd: use ? usd(table, use) : null,
      verdict: `${inUsd(spentUsd)} spent, ${inUsd(reservedUsd)} reserved in ${totals.lines} reservations`,
    };
  },
});
