import { totalmem } from "node:os";
import { join } from "node:path";
import { cpuUsage } from "node:process";
import { agent } from "@muster/bus/agent.ts";
import type { Process } from "@muster/bus/process.ts";
import { run } from "@muster/bus/run.ts";
import type { Prices } from "@muster/shared/domain/estimate.ts";
import { type MachineSpeed, measureSpeed } from "@muster/shared/estimate/prior.ts";
import { asFault } from "@muster/shared/fault.ts";
import { repeat } from "@muster/shared/repeat.ts";
import { type Turns, turns } from "./budgets/turn.ts";
import { settleEvents } from "./ledger/settle-events.ts";
import { freeUnused, settleLost } from "./ledger/settle-lost.ts";
import { loadPrices } from "./price.ts";
import { type QueryTimes, queryTimes } from "./queries/times.ts";
import { type CostStore, openCostStore } from "./store.ts";
import { checkBudget } from "./tools/check-budget.ts";
import { estimateQuery } from "./tools/estimate-query.ts";
import { estimateRequest } from "./tools/estimate-request.ts";
import { estimateSavings } from "./tools/estimate-savings.ts";
import { estimateTraining } from "./tools/estimate-training.ts";
import { explainEstimate } from "./tools/explain-estimate.ts";
import { getSpend } from "./tools/get-spend.ts";
import { reserveSearch } from "./tools/reserve-search.ts";
import { setBudget } from "./tools/set-budget.ts";

/** What cost's tools stand on. `prices` reads the table anew: people edit it. `threads` are those of one training. */
export type CostDeps = {
  store: CostStore;
  prices: () => Promise<Prices>;
  speed: MachineSpeed;
  threads: number;
  machineMemoryMb: number;
  turns: Turns;
  queryTimes: QueryTimes;
} & Pick<Process, "evidence" | "lake">;

const settleEveryMs = 500;
const freeEveryMs = 60_000;
/** Reserving takes milliseconds; who was lost in the middle of it keeps nobody waiting for longer. */
const turnMs = 5_000;

/**
 * The cost agent: says beforehand what work will take, keeps it inside budgets, and afterwards what it took.
 * Owns the tables machine, run, step, query, use, budget, team_member, spend and the file prices.json. Settles from the outbox.
 */
export const cost = agent({
  name: "cost",
  does: "Estimates what trainings, queries and whole requests take from what they took before, reserves it from budgets, and settles what was spent.",
  tools: [
    ...[estimateTraining, estimateQuery, estimateRequest, explainEstimate, estimateSavings],
    ...[checkBudget, reserveSearch, getSpend, setBudget],
  ],
  async open(process) {
    const { config, evidence, lake, log, now } = process;
    const store = await openCostStore(process.pool);
    const prices = () => loadPrices(join(config.home, "prices.json"));
    await prices();
    const speed = await store.runs.speed(() => measureSpeed(() => performance.now()), now().toISOString());
    const threads = Math.max(1, config.threads);
    const clock = {
      cpuSeconds: () => Object.values(cpuUsage()).reduce((sum, micros) => sum + micros, 0) / 1e6,
      seconds: () => performance.now() / 1000,
    };
    const deps: CostDeps = {
      ...{ store, prices, speed, threads, evidence, lake },
      queryTimes: queryTimes({ queries: store.queries, lake, threads, now }, clock),
      machineMemoryMb: totalmem() / 1024 ** 2,
      turns: turns(turnMs),
    };
    const stops: (() => Promise<void>)[] = [];
    const settling = { store, evidence, lake, log, now, prices };
    const failed = (what: string) => (error: unknown) =>
      log.warn({ code: asFault(error).code, err: error }, `${what}; it is tried again`);
    return {
      deps,
      started: async () => {
        stops.push(
          repeat(settleEveryMs, () => settleEvents(settling), failed("what was spent could not be settled")),
          repeat(freeEveryMs, () => freeUnused(settling), failed("unused reservations could not be freed")),
          repeat(freeEveryMs, () => settleLost(settling), failed("lost reservations could not be settled")),
        );
      },
      close: async () => {
        await Promise.all(stops.map((stop) => stop()));
      },
    };
  },
});
if (import.meta.main) await run(cost);
