import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import type { Estimate, Interval } from "@muster/shared/domain/estimate.ts";
import { SearchBudget } from "@muster/shared/domain/search.ts";
import { calibrate } from "@muster/shared/estimate/calibrate.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { z } from "zod";
import { inUsd } from "../budget.ts";
import type { CostDeps } from "../index.ts";
import { reserveFor } from "../ledger/reserve-for.ts";
import type { Limits } from "../limits.ts";
import { estimateSearch } from "../search-estimate.ts";

/** Parts of runs that are looked at: calibrating takes milliseconds. */
const newest = 400;
/** Folds of a comparison, as select_model has them. */
const foldsFor = (rows: number): number => (rows < 200_000 ? 5 : 3);

export const reserveSearch = tool({
  name: "reserve_search",
  does: "Reserves what a search for settings may cost, its final training included, or says which budget doesn't have it.",
  effect: "write",
  input: SearchBudget,
  output: facts["search.reserved"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "training_set.passed", as: "checked" },
    { is: "features.materialized", role: "training", as: "training" },
  ],
  gives: [{ is: "search.reserved" }],
  cost: { ms: 50 },
  run: async ({ accepted, problem, checked, training, ...asked }, context: Context & CostDeps) => {
    const { store, prices, speed } = context;
    const { trials } = asked;
    const categories = training.columns.filter(({ type }) => type === "category").length;
    const columns = training.columns.length + 2 * categories;
    const shape = { rows: checked.rows, columns, folds: foldsFor(checked.rows), problem: problem.hash };
    const whole = estimateSearch(calibrate(await store.runs.finished(newest), speed), trials, shape, await prices());
    // Nobody reserves more than was asked for: a search ends at its limit, whatever it was estimated at.
    const estimate = atMost(whole, asked);
    const { left, ...reserved } = await reserveFor(accepted, estimate, context, (limits) => capped(limits, asked));
    return {
      ...{ ...reserved, trials, estimatedUsd: estimate.usd.mid, estimatedCpuSeconds: estimate.cpuSeconds.mid },
      verdict: `up to ${inUsd(reserved.limitUsd)} reserved for ${trials} settings at about ${inUsd(estimate.usd.mid)}, ${left}`,
    };
  },
});

/** An estimate that stays within what was asked for: all of it in proportion. */
function atMost(estimate: Estimate, { cpuSeconds, usd }: SearchBudget): Estimate {
  const share = Math.min(
    1,
    cpuSeconds === undefined ? 1 : cpuSeconds / estimate.cpuSeconds.mid,
    usd === undefined || estimate.usd.mid === 0 ? 1 : usd / estimate.usd.mid,
  );
  const scaled = ({ low, mid, high }: Interval): Interval => ({
    low: low * share,
    mid: mid * share,
    high: high * share,
  });
  return {
    ...estimate,
    ...{ cpuSeconds: scaled(estimate.cpuSeconds), seconds: scaled(estimate.seconds), usd: scaled(estimate.usd) },
  };
}

/** Limits that hold what was asked for as well: CPU-seconds and USD fall together, as one buys the other. */
function capped(limits: Limits, { cpuSeconds, usd }: SearchBudget): Limits {
  const share = Math.min(
    1,
    cpuSeconds === undefined ? 1 : cpuSeconds / limits.limitCpuSeconds,
    usd === undefined || limits.limitUsd === 0 ? 1 : usd / limits.limitUsd,
  );
  return { ...limits, limitCpuSeconds: limits.limitCpuSeconds * share, limitUsd: limits.limitUsd * share };
}
