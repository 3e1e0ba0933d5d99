import type { Adjustment } from "@muster/shared/domain/model.ts";
import { Fault, fault } from "@muster/shared/fault.ts";
import type { PlanCost, TrainJob, TrainResult } from "./job.ts";
import {
  estimateMemoryMb,
  inMemory,
  type MemoryPlan,
  type MemoryShape,
  memoryShapeOf,
  nextPlan,
} from "./memory-plan.ts";
import { ranOutOfMemory, trainInChild } from "./spawn.ts";

/** Attempts at most: in memory, with fewer bins, streamed, streamed with fewer bins, sampled, and sampled once more. */
const mostAttempts = 6;

/** A training's result and what was changed so that it fits into its memory. */
export type TrainedWithin = TrainResult & { adjustments: Adjustment[] };

type Attempt = { plan: MemoryPlan; peakMemoryMb: number };

/**
 * Trains in a process of its own. An attempt that was ended for want of memory is read (measured peak, size of its matrix),
 * and tried again as `nextPlan` says: fewer bins, streamed batches, sampled rows, the first that is estimated to fit. All
 * attempts share the job's CPU seconds; the result counts those of all. Throws what `trainInChild` throws: `unfit` with the
 * last peak where nothing fits. `rows`: of the training file.
 */
export async function trainWithin(
  job: TrainJob,
  rows: number,
  options: Parameters<typeof trainInChild>[1] = {},
): Promise<TrainedWithin> {
  const shape = memoryShapeOf(job, rows);
  const failed: Attempt[] = [];
  let plan = job.plan ?? inMemory;
  let spent = 0;
  for (;;) {
    try {
      const left = Math.max(0, job.cpuSecondsLimit - spent);
      const trained = await trainInChild({ ...job, plan, cpuSecondsLimit: left }, options);
      const adjustments = adjustmentsOf(shape, failed, plan, job, trained.planCost);
      return { ...trained, cpuSeconds: trained.cpuSeconds + spent, adjustments };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { cpuSeconds, peakMemoryMb } = error.data;
      spent += typeof cpuSeconds === "number" ? cpuSeconds : 0;
      const next =
        failed.length + 1 < mostAttempts && ranOutOfMemory(error) && nextPlan(shape, plan, job.memoryLimitMb);
      if (!next || options.signal?.aborted)
        throw fault(error.code, error.message, { ...error.data, cpuSeconds: spent }, error.cause ?? error);
      failed.push({ plan, peakMemoryMb: typeof peakMemoryMb === "number" ? peakMemoryMb : job.memoryLimitMb });
      plan = next;
    }
  }
}

/** What the plan that worked changed of the first one, each with the attempt that was ended before it. */
function adjustmentsOf(
  shape: MemoryShape,
  failed: Attempt[],
  plan: MemoryPlan,
  { memoryLimitMb, features }: TrainJob,
  cost: TrainResult["planCost"],
): Adjustment[] {
  const [first] = failed;
  const last = failed.at(-1);
  if (!first || !last) return [];
  const why: Adjustment["why"] = {
    ...{ limitMb: memoryLimitMb, peakMemoryMb: last.peakMemoryMb, rows: shape.rows, columns: features.length },
    estimatedMb: Math.round(estimateMemoryMb(shape, plan)),
  };
  const held = cost.held ?? { score: null, unmeasured: "it wasn't compared" };
  const told = (what: Adjustment["what"], from: string, to: string, measured: PlanCost): Adjustment => ({
    ...{ what, from, to, why, ...measured },
  });
  const before = first.plan;
  const out: Adjustment[] = [];
  if (plan.maxBins !== null && plan.maxBins !== before.maxBins)
    out.push(told("fewer_bins", `${shape.bins} bins a column`, `${plan.maxBins} bins a column`, held));
  if (plan.streamed && !before.streamed) out.push(told("streamed", "rows in memory", "rows streamed in batches", held));
  if (plan.share < before.share)
    out.push(
      told(
        "sampled",
        `${Math.round(shape.rows * before.share)} rows`,
        `${Math.round(shape.rows * plan.share)} rows, spread evenly`,
        cost.sampled ?? { score: null, unmeasured: "it wasn't compared" },
      ),
    );
  return out;
}
