import { totalmem } from "node:os";
import { join } from "node:path";
import { agent } from "@muster/bus/agent.ts";
import { run } from "@muster/bus/run.ts";
import type { Prices } from "@muster/shared/domain/estimate.ts";
import { asFault } from "@muster/shared/fault.ts";
import { repeat } from "@muster/shared/repeat.ts";
import { freeUnused, settleEvents } from "./ledger/settle-events.ts";
import { loadPrices } from "./price.ts";
import { type MachineSpeed, measureSpeed } from "./prior.ts";
import { type CostStore, openCostStore } from "./store.ts";
import { checkBudget } from "./tools/check-budget.ts";
import { estimateTraining } from "./tools/estimate-training.ts";
import { getSpend } from "./tools/get-spend.ts";
import { setBudget } from "./tools/set-budget.ts";

/** What cost's tools stand on. `prices` reads the table anew: people edit it. `threads` are those of one training. */
export type CostDeps = {
  store: CostStore;
  prices: () => Promise<Prices>;
  speed: MachineSpeed;
  threads: number;
  machineMemoryMb: number;
};

const settleEveryMs = 500;
const freeEveryMs = 60_000;

/**
 * The cost agent: says beforehand what work will take, keeps it inside budgets, and afterwards what it took.
 * Owns the tables machine, run, budget, team_member, spend and the file prices.json. Settles from the outbox.
 */
export const cost = agent({
  name: "cost",
  does: "Estimates what training takes from finished runs, reserves it from budgets, and settles what was spent.",
  tools: [estimateTraining, checkBudget, getSpend, setBudget],
  async open(process) {
    const { config, evidence, log, now } = process;
    const store = await openCostStore(process.pool);
    const prices = () => loadPrices(join(config.home, "prices.json"));
    await prices();
    const speed = await store.runs.speed(() => measureSpeed(() => performance.now()), now().toISOString());
    const deps: CostDeps = {
      ...{ store, prices, speed, threads: Math.max(1, config.threads) },
      machineMemoryMb: totalmem() / 1024 ** 2,
    };
    const stops: (() => Promise<void>)[] = [];
    const settling = { store, evidence, log, now, prices };
    const failed = (what: string) => (error: unknown) =>
      log.warn({ code: asFault(error).code, err: error }, `${what}; it is tried again`);
    return {
      deps,
      started: async () => {
        stops.push(
          repeat(settleEveryMs, () => settleEvents(settling), failed("what was spent could not be settled")),
          repeat(freeEveryMs, () => freeUnused(settling), failed("unused reservations could not be freed")),
        );
      },
      close: async () => {
        await Promise.all(stops.map((stop) => stop()));
      },
    };
  },
});
if (import.meta.main) await run(cost);
