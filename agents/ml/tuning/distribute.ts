import type { PartQueue } from "@muster/bus/part.ts";
import { fault } from "@muster/shared/fault.ts";
import type { TrialDone, TrialWork } from "./search.ts";
import { type TuningStore, workId } from "./store.ts";

const lookMs = 100;
/** What Redis lost is put in again after so long; for what it still has that changes nothing. */
const againMs = 3_000;

/** What giving trials out stands on. */
export type Distribution = {
  tuning: TuningStore;
  parts: PartQueue;
  signal: AbortSignal;
  now: () => Date;
  /** Told after each trial: how many of a wave's pieces are done. */
  tell: (done: number, of: number) => void;
};

/**
 * Gives the work of a search out to whichever workers there are and gives what came of it, once all of it is done. What was
 * done before (by this coordinator or by one that was killed) is taken as it is. Throws the signal's reason.
 */
export async function distribute(
  search: string,
  works: readonly (TrialWork & { cpuSecondsLimit: number })[],
  { tuning, parts, signal, now, tell }: Distribution,
): Promise<TrialDone[]> {
  const ids = new Set(works.map((work) => workId(search, work)));
  await tuning.queue(search, works, now().toISOString());
  let asked = Number.NEGATIVE_INFINITY;
  for (;;) {
    if (signal.aborted) throw signal.reason ?? fault("cancelled", "the search was cancelled");
    const done = (await tuning.done(search)).filter((one) => ids.has(workId(search, one)));
    tell(done.length, works.length);
    if (done.length === works.length) return done;
    const there = new Set(done.map((one) => workId(search, one)));
    if (performance.now() - asked > againMs) {
      await parts.enqueue([...ids].filter((id) => !there.has(id)));
      asked = performance.now();
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}
