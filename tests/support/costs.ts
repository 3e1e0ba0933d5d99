import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { type CostDeps, cost } from "@muster/cost/index.ts";
import { settleEvents } from "@muster/cost/ledger/settle-events.ts";
import { until } from "@muster/infra/until.ts";
import type { Estimate } from "@muster/shared/domain/estimate.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { type Bench, startBench } from "./process.ts";
import { accept, askFrom, confirm, sign, type Terms } from "./signing.ts";

type Reserved = FactValue<"budget.reserved"> & { verdict: string };
type Spent = {
  reservedUsd: number;
  spentUsd: number;
  cpuSeconds: number;
  byRequest: { state: string; outcome: string | null; usd: number; reservation: string; run: string | null }[];
  accuracy: {
    runs: number;
    cpuSeconds: { medianAbsoluteError: number | null; covered: number | null };
    peakMemoryMb: { medianAbsoluteError: number | null; covered: number | null };
  };
  usd: number | null;
};

const problem = flatProblem();
/** The version of the training set that estimates and reservations are about. */
export const training = `flat_training@${"1".repeat(64)}`;
/** What they are about. */
export const about = { problem: problem.hash, view: "v1", training };
/** An estimate with known figures. */
export const estimate: Estimate = {
  cpuSeconds: { low: 30, mid: 60, high: 120 },
  memoryMb: { low: 200, mid: 300, high: 400 },
  seconds: { low: 15, mid: 30, high: 60 },
  usd: { low: 0.0005, mid: 0.001, high: 0.002 },
  basedOn: { runs: 0, prior: true, error: null },
};

/** What ml says of a run that finished. */
export const finished = (request: string, reservation: string, more = {}) => ({
  ...{ run: `run_${request}`, request, reservation, cpuSeconds: 50, seconds: 25, peakMemoryMb: 512 },
  ...{ algorithm: "xgboost", rows: 7043, columns: 40, rounds: 400, folds: 5, threads: 2 },
  ...more,
});

/** The cost agent served on real servers, and the processes that speak to it. */
export type Costs = Awaited<ReturnType<typeof openCosts>>;

/** Starts servers and serves the cost agent; `clock.now` is the moment that it takes for the present. */
export async function openCosts() {
  const bench: Bench = await startBench([
    { name: "gateway", kind: "door", of: "gateway", file: "" },
    ...["cost", "ml", "quality", "catalog", "planner", "pipeline"].map((name) => ({
      name,
      kind: "agent" as const,
      of: name,
      file: "",
    })),
  ]);
  const clock = { now: new Date("2026-11-20T10:00:00.000Z") };
  const [door, ml, quality, catalog, planner] = (await Promise.all(
    ["gateway", "ml", "quality", "catalog", "planner"].map((name) => bench.process(name)),
  )) as [Process, Process, Process, Process, Process];
  const own = await bench.process("cost", { now: () => clock.now });
  const opened = await cost.open(own);
  const deps = opened.deps as CostDeps;
  const stop = await serve({ process: own, agent: cost, opened }, null);
  // Signed by cost itself, so that the figures are known.
  const estimated = await sign(own, "training.estimated", about, estimate);
  let requests = 0;
  const settling = () => ({
    ...{ store: deps.store, evidence: own.evidence, lake: own.lake, log: own.log, now: own.now, prices: deps.prices },
  });
  const next = () => `req_${++requests}`;
  return {
    ...{ bench, clock, door, ml, quality, catalog, planner, own, deps, settling, next },
    latest: () => `req_${requests}`,
    spend: async (request?: string, more = {}) =>
      (await askFrom(door, { tool: "cost.get_spend", input: { ...(request && { request }), ...more } }))
        .output as Spent,
    reserve: async (terms: Terms = {}, request = next()) => {
      const receipts = [
        await accept(door, request, terms),
        await sign(ml, "problem.defined", { problem: problem.hash }, problem),
        estimated,
      ];
      const reply = await askFrom(door, { tool: "cost.check_budget", receipts, request });
      return { request, reserved: reply.output as Reserved, receipt: reply.given[0]!.id };
    },
    setBudget: async (input: Record<string, unknown>): Promise<void> => {
      const request = next();
      const receipts = [await accept(door, request), await confirm(door, request, "cost.set_budget", input)];
      await askFrom(door, { tool: "cost.set_budget", input, receipts, request });
    },
    emit: (by: Process, event: string, payload: object) => by.evidence.store.emit(by.evidence.store.db, event, payload),
    /** Settles until something holds: an event is read once no running transaction can precede it. */
    settledWhen: (holds: () => Promise<boolean>) =>
      until(async () => {
        await settleEvents(settling());
        if (!(await holds())) throw new Error("not settled yet");
      }, AbortSignal.timeout(10_000)),
    /** Serves the agent from a second process too, as while one is being replaced. Gives a function that stops it. */
    serveAnother: async () => {
      const process = await bench.process("cost", { now: () => clock.now });
      return serve({ process, agent: cost, opened: await cost.open(process) }, null);
    },
    stop: async () => {
      await stop();
      await bench.stop();
    },
  };
}
