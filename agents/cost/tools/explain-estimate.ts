import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Estimate, Prices } from "@muster/shared/domain/estimate.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import { calibrate } from "@muster/shared/estimate/calibrate.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { Accuracy, accuracyOf } from "../accuracy.ts";
import { replay } from "../estimate.ts";
import { ExplainedCandidate, explainWork } from "../explain.ts";
import type { CostDeps } from "../index.ts";
import { worksOf } from "../works-of.ts";

const newest = 400;
/** Finished runs over which the error is told. */
const lastRuns = 20;
const id = z.string().min(1).max(200);

export const explainEstimate = tool({
  name: "explain_estimate",
  does: "Explains a training's estimate: the terms of its sum, the runs and the share of the benchmark behind it, the prices, and how good estimates were so far.",
  effect: "read",
  /** Exactly one of them: the estimate's receipt, the request or the run it was made for, the training set's version. */
  input: z.object({ receipt: id.optional(), request: id.optional(), run: id.optional(), training: id.optional() }),
  output: z.object({
    /** As it was given. */
    estimate: Estimate,
    /** Its terms, as they are learned by now. */
    candidates: z.array(ExplainedCandidate),
    basedOn: z.object({ runsThen: z.number().int(), runsNow: z.number().int() }),
    /** Estimates that finished runs were given, held against what those took. */
    given: Accuracy,
    /** What today's method would have said of the latest runs, each from the runs before it. */
    replayed: z.object({
      runs: z.number().int(),
      cpuSeconds: z.object({ medianAbsoluteError: z.number().nullable(), covered: z.number().nullable() }),
      peakMemoryMb: z.object({ medianAbsoluteError: z.number().nullable(), covered: z.number().nullable() }),
    }),
    prices: Prices,
    verdict: z.string(),
  }),
  cost: { ms: 500 },
  run: async (which, { store, evidence, prices, speed, threads }: Context & CostDeps) => {
    const receipt = await receiptOf(which, { store, evidence });
    const estimate = await evidence.value<"training.estimated">(receipt);
    const behind = await evidence.load([receipt.id]);
    const chosen = [...behind.values()].find(({ fact }) => fact === "candidates.chosen");
    if (!chosen) throw fault("not_found", "the candidates that this estimate is of are no longer known");
    const runs = await store.runs.finished(newest);
    const model = calibrate(runs, speed);
    const problem = typeof chosen.about.problem === "string" ? chosen.about.problem : undefined;
    const works = worksOf(await evidence.value<"candidates.chosen">(chosen), threads, problem);
    const candidates = works.map((work) => explainWork(model, work, speed));
    const given = accuracyOf(await store.ledger.forecasts(lastRuns));
    const [cpu, memory] = [replay(runs, speed, "cpu", lastRuns), replay(runs, speed, "memory", lastRuns)];
    const figure = ({ medianError, covered }: typeof cpu) => ({ medianAbsoluteError: medianError, covered });
    const most = candidates.toSorted((a, b) => b.cpuSeconds - a.cpuSeconds)[0]!;
    const largest = most.terms.toSorted((a, b) => b.cpuSeconds - a.cpuSeconds)[0]!;
    const share = Math.round((100 * largest.cpuSeconds) / most.cpuSeconds);
    return {
      ...{ estimate, candidates, given, prices: await prices() },
      basedOn: { runsThen: estimate.basedOn.runs, runsNow: model.runs },
      replayed: { runs: cpu.runs, cpuSeconds: figure(cpu), peakMemoryMb: figure(memory) },
      verdict: `${most.algorithm} takes the most, about ${most.cpuSeconds.toFixed(1)} CPU-seconds, ${share} % of them for ${largest.name}; learned from ${model.runs} runs, ${Math.round(100 * most.priorShare)} % of that still the benchmark's word`,
    };
  },
});

type Which = { receipt?: string; request?: string; run?: string; training?: string };

/** The receipt of the estimate that is meant; `invalid_input` where it isn't said or said twice, `not_found` where there is none. */
async function receiptOf(which: Which, { store, evidence }: Pick<CostDeps, "store" | "evidence">): Promise<Receipt> {
  const said = Object.entries(which).filter(([, value]) => value !== undefined);
  if (said.length !== 1)
    throw fault("invalid_input", "pass exactly one of receipt, request, run or training: whose estimate is meant");
  const [[name, value]] = said as [[keyof Which, string]];
  const found = await findReceipt(name, value, { store, evidence });
  if (found?.fact === "training.estimated") return found;
  throw fault("not_found", `no training estimate is known by this ${name}; see cost.get_spend for requests and runs`);
}

async function findReceipt(
  name: keyof Which,
  value: string,
  { store, evidence }: Pick<CostDeps, "store" | "evidence">,
): Promise<Receipt | null> {
  const ofRequest = async (request: string) =>
    (await evidence.ofRequest(request)).findLast(({ fact }) => fact === "training.estimated") ?? null;
  const byId = async (id: string | null) => (id === null ? null : ((await evidence.load([id])).get(id) ?? null));
  if (name === "receipt") return byId(value);
  if (name === "training") return byId(await store.ledger.estimateOf(value));
  if (name === "request") return ofRequest(value);
  const request = await store.ledger.requestOf(value);
  return request === null ? null : ofRequest(request);
}
