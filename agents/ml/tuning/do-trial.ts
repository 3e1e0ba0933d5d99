import type { Process } from "@muster/bus/process.ts";
import { asFault, type FaultCode, fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { paramsOf } from "./run-search.ts";
import type { TuningStore } from "./store.ts";
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
 * without scores; any other is thrown, so that the work is taken again, five times at most. It ends within a second or two of
 * its search.
 */
export async function doTrial(id: string, signal: AbortSignal, of: TrialWorker): Promise<void> {
  const { tuning, processes, lake, worker, xgboostLibrary, log } = of;
  const taken = await tuning.take(id, worker);
  if (!taken) return;
  const { work, spec } = taken;
  const scores = [...work.scores];
  let kept = Promise.resolve();
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
    const used = await processes.score(
      { ...spec.read, file: lake.file(spec.training), xgboostLibrary },
      {
        params: paramsOf(spec.plan, work),
        ...{ from: work.from + scores.length, to: work.to, cpuSecondsLimit: work.cpuSecondsLimit },
      },
      AbortSignal.any([signal, ended.signal]),
      (score, cpuSeconds) => {
        scores.push(score);
        const known = [...scores];
        kept = kept.then(() => tuning.keep(id, worker, known, cpuSeconds));
      },
    );
    await kept;
    await tuning.finish(id, { scores, ...used, stopped: null });
  } catch (error) {
    await kept;
    if (ended.signal.aborted) return await tuning.keep(id, worker, scores, amountOf(error, "cpuSeconds"));
    const { code, message } = asFault(error);
    const cpuSeconds = amountOf(error, "cpuSeconds");
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

/** A figure that a fault carries; 0 where it carries none. */
const amountOf = (error: unknown, name: string): number => {
  const value = asFault(error).data[name];
  return typeof value === "number" ? value : 0;
};
