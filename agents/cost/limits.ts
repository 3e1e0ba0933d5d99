import type { BudgetState } from "@muster/shared/domain/budget.ts";
import type { Estimate, Prices } from "@muster/shared/domain/estimate.ts";
import { usd } from "./price.ts";

/** What a training may use at most. It stops hard there. */
export type Limits = { limitUsd: number; limitCpuSeconds: number; limitMemoryMb: number };

/** By how much a run may exceed the high end of its estimate where budgets allow: nine in ten stay below it anyway. */
const room = 4;
const leastMemoryMb = 1024;
/** Of the machine's memory, so that the other processes go on. */
const memoryShare = 0.8;

/**
 * The limits of a training from its estimate and how the budgets stand: USD is the smaller of what the tightest budget has
 * left and a multiple of the estimate's high end. CPU-seconds are what that buys at the memory and the pace expected, so
 * that reaching them never costs more than the limit. Memory: three times the high end, at least 1 GB.
 */
export function limitsOf(
  estimate: Estimate,
  states: readonly BudgetState[],
  prices: Prices,
  machineMemoryMb: number,
): Limits {
  const left = Math.min(...states.map((state) => state.remainsUsd), Number.POSITIVE_INFINITY);
  const { cpuSeconds, memoryMb, seconds } = estimate;
  const limitUsd = Math.min(left, room * estimate.usd.high);
  const pace = cpuSeconds.mid > 0 ? seconds.mid / cpuSeconds.mid : 1;
  const perCpuSecond = usd(prices, { cpuSeconds: 1, memoryMb: memoryMb.high, seconds: pace });
  const bought = perCpuSecond > 0 ? limitUsd / perCpuSecond : Number.POSITIVE_INFINITY;
  const memory = Math.max(leastMemoryMb, 3 * memoryMb.high);
  return {
    limitUsd,
    limitCpuSeconds: Math.min(bought, room * cpuSeconds.high),
    limitMemoryMb: Math.round(Math.min(memory, memoryShare * machineMemoryMb)),
  };
}
