import type { Process } from "@muster/bus/process.ts";
import { asFault, type FaultCode, fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { ProposedParams } from "../training/job.ts";
import { inMemory, memoryShapeOf, nextPlan } from "../training/memory-plan.ts";
import { ranOutOfMemory } from "../training/spawn.ts";
import { paramsOf } from "./run-search.ts";
import type { SearchSpec, TuningStore } from "./store.ts";
import type { TrialProcesses } from "./trial-process.ts";

/** What doing trials stands on; `worker` tells one worker from another, on whichever machine. */
export type TrialWorker = {
  tuning: TuningStore;
  processes: TrialProcesses;
  lake: Lake;
  worker: string;
  xgboostLibrary: string | null;
} & Pick<Process, "log">;

/** What ends a trial and not its search: the setting is dearer or bigger than there is room for, or can't be fitted. */
const ownFaults: ReadonlySet<FaultCode> = new Set(["over_budget", "unfit"]);
/** What fails so often whoever takes it isn't the worker's fault: the search goes on without it. */
const mostAttempts = 5;
const lookMs = 1_000;

/**
 * Does the work of a trial by its id: reads what it is, scores it in a process of its own, keeps each fold as it is known and
 * then the end. Folds that another worker scored before it was killed aren't scored again. A setting's own fault ends it
 * without scores; any other is thrown, so that the work is taken again, five times at most. Where it ran out of memory and its
 * training would be given fewer bins, it is scored anew with those. It ends within a second or two of its search.
 */
export async function doTrial(id: string, signal: AbortSignal, of: TrialWorker): Promise<void> {
  const { tuning, processes, lake, worker, xgboostLibrary, log } = of;
  const taken = await tuning.take(id, worker);
  if (!taken) return;
  const { work, spec } = taken;
  const scores = [...work.scores];
  let kept = Promise.resolve();
  // CPU seconds of an attempt that ran out of memory, and the bins that the next one has for it.
  let before = 0;
  let maxBins: number | null = null;
  const ended = new AbortController();
  const look = setInterval(
    () =>
      void tuning.running(work.search).then(
        (running) => running || ended.abort(fault("cancelled", "the search has ended")),
        (error: unknown) => log.warn({ code: asFault(error).code }, "whether a search is under way couldn't be seen"),
      ),
    lookMs,
  );
  try {
    await lake.standing(spec.training);
    const file = { ...spec.read, file: lake.file(spec.training), xgboostLibrary };
    const params = paramsOf(spec.plan, work);
    const attempt = () =>
      processes.score(
        file,
        {
          ...{ params, maxBins, from: work.from + scores.length, to: work.to },
          cpuSecondsLimit: Math.max(0, work.cpuSecondsLimit - before),
        },
        AbortSignal.any([signal, ended.signal]),
        (score, cpuSeconds) => {
          scores.push(score);
          const known = [...scores];
          kept = kept.then(() => tuning.keep(id, worker, known, before + cpuSeconds));
        },
      );
    const used = await attempt().catch((error: unknown) => {
      maxBins = ranOutOfMemory(error) ? fewerBins(spec, params) : null;
      if (maxBins === null) throw error;
      before = amountOf(error, "cpuSeconds");
      // Folds are compared only where they were scored alike.
      scores.length = 0;
      return attempt();
    });
    await kept;
    await tuning.finish(id, { scores, ...used, cpuSeconds: before + used.cpuSeconds, stopped: null, maxBins });
  } catch (error) {
    await kept;
    const cpuSeconds = before + amountOf(error, "cpuSeconds");
    if (ended.signal.aborted) return await tuning.keep(id, worker, scores, cpuSeconds);
    const { code, message } = asFault(error);
    if (!ownFaults.has(code) && work.attempts < mostAttempts) {
      await tuning.keep(id, worker, scores, cpuSeconds);
      throw error;
    }
    const peakMemoryMb = amountOf(error, "peakMemoryMb");
    await tuning.finish(id, { scores: [], cpuSeconds, stopped: `${code}: ${message}`, peakMemoryMb });
  } finally {
    clearInterval(look);
  }
}

/** The bins that a training of this setting alone would be given where it ran out of memory; null where it would be streamed or sampled. */
function fewerBins({ read, plan }: SearchSpec, params: ProposedParams): number | null {
  const shape = memoryShapeOf({ ...read, candidates: [{ name: "", params, why: "", work: 0 }] }, plan.shape.rows);
  const next = nextPlan(shape, inMemory, read.memoryLimitMb);
  return next && !next.streamed && next.share === 1 ? next.maxBins : null;
}

/** A figure that a fault carries; 0 where it carries none. */
const amountOf = (error: unknown, name: string): number => {
  const value = asFault(error).data[name];
  return typeof value === "number" ? value : 0;
};
