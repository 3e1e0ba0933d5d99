import type { Process } from "@muster/bus/process.ts";
import { FinishedRun, type Prices, TrainingWork } from "@muster/shared/domain/estimate.ts";
import { StepTaken } from "@muster/shared/domain/step-taken.ts";
import { z } from "zod";
import { usd } from "../price.ts";
import { sizedSteps } from "../steps/sized.ts";
import type { CostStore } from "../store.ts";
import { tellSpent } from "./tell-spent.ts";

const amount = z.number().nonnegative();

/** A part of a finished run that was measured by itself (a candidate of the race). */
const Part = FinishedRun.extend({ peakMemoryMb: amount.optional() });

/** What ml says when a run has finished; `works` are its parts, where they were measured one by one. */
const RunFinished = TrainingWork.extend({
  run: z.string(),
  request: z.string().nullable(),
  reservation: z.string(),
  cpuSeconds: amount,
  seconds: amount,
  peakMemoryMb: amount,
  works: z.array(Part).optional(),
});

/** What the bus says when a training failed, with what it had used by then where that is known. */
const TrainingFailed = z.object({
  key: z.string(),
  code: z.string(),
  cpuSeconds: amount.optional(),
  seconds: amount.optional(),
  peakMemoryMb: amount.optional(),
});

/** What ml says when a search for settings has ended: what its trials used, those lost to a crash among it. */
const SearchFinished = z.object({
  key: z.string(),
  search: z.string(),
  cpuSeconds: amount,
  seconds: amount,
  peakMemoryMb: amount,
});

/** What the planner says when a request has come to its end, whatever that is, and what its steps took. */
const RequestEnded = z.object({ request: z.string(), steps: z.array(StepTaken).default([]) });

const shapes = {
  "ml.run_finished": RunFinished,
  "ml.train_model_failed": TrainingFailed,
  "ml.search_finished": SearchFinished,
  "ml.tune_model_failed": TrainingFailed,
  "planner.request_ended": RequestEnded,
};
const trained = ["ml", "ml-worker"];
/** Anybody may put an event into the outbox under any name; these are the processes whose word counts. */
const sayers: Record<string, readonly string[]> = {
  "ml.run_finished": trained,
  "ml.train_model_failed": trained,
  "ml.search_finished": trained,
  "ml.tune_model_failed": trained,
  "planner.request_ended": ["planner"],
};
const batch = 200;

/** What settling stands on. */
export type Settling = Pick<Process, "evidence" | "log" | "now" | "lake"> & {
  store: CostStore;
  prices: () => Promise<Prices>;
};

/**
 * Reads on in the outbox: each finished or failed run or search turns its reservation into what was spent, once, and a finished one
 * becomes what estimates learn from; a request that ended frees what it reserved and no step used, and its steps are kept
 * with what they took. All in the transaction that moves the cursor on. Gives how many events were read.
 */
export async function settleEvents({ store, evidence, lake, log, now, prices }: Settling): Promise<number> {
  const table = await prices();
  let read = 0;
  await store.ledger.reading(async (trx, from) => {
    const found = await evidence.store.outbox(from, Object.keys(sayers), batch);
    const at = now().toISOString();
    for (const { seq, event, payload, by } of found) {
      const parsed = shapes[event as keyof typeof shapes].safeParse(payload);
      if (!sayers[event]?.includes(by) || !parsed.success) {
        // It would stand in the way of all that come after it; the reservation is freed when its time is over.
        log.error({ event, seq, by }, "an event can't be settled and is left out");
        continue;
      }
      const said = parsed.data;
      if (!("reservation" in said || "key" in said)) {
        await store.ledger.free({ request: said.request }, at, trx);
        await store.steps.add(trx, said.request, await sizedSteps(lake, said.steps), at);
        continue;
      }
      const { cpuSeconds = 0, seconds = 0, peakMemoryMb = 0 } = said;
      const used = {
        cpuSeconds,
        seconds,
        peakMemoryMb,
        usd: usd(table, { cpuSeconds, seconds, memoryMb: peakMemoryMb }),
      };
      if ("reservation" in said) {
        const { run, works, reservation } = said;
        if (!(await store.ledger.settle(trx, reservation, used, { run, outcome: "finished", at }))) continue;
        await tellSpent(evidence, trx, { run, request: said.request, reservation, ...used }, at);
        const whole = FinishedRun.parse(said);
        const parts = works?.map((part) => ({ ...part, peakMemoryMb: part.peakMemoryMb ?? peakMemoryMb })) ?? [whole];
        const { problem } = said;
        await store.runs.add(trx, run, problem ? parts.map((part) => ({ ...part, problem })) : parts, at);
      } else {
        const reservation = await store.ledger.reservationOf(trx, said.key);
        const outcome = "code" in said ? said.code : "searched";
        if (reservation) await store.ledger.settle(trx, reservation, used, { run: null, outcome, at });
      }
    }
    read = found.length;
    const last = found.at(-1);
    return last ? { xid: last.xid, seq: last.seq } : from;
  });
  return read;
}
