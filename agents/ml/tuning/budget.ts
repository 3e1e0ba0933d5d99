import { type TrialDone, type TrialState, type TrialWork, trialsOf } from "./search.ts";

/** Room for what folds don't tell: the process, reading, calibration, the graph. CPU seconds. */
const overhead = 2;
/** Room kept beyond what the trials suggest: the same that a race keeps for its refit. */
const margin = 1.25;

/** CPU seconds that were spent so far. */
export const spentOf = (done: readonly TrialDone[]): number => done.reduce((sum, one) => sum + one.cpuSeconds, 0);

/** CPU seconds a fold of a trial takes, as measured; null before its first one. */
const perFold = ({ scores, cpuSeconds }: TrialState): number | null =>
  scores.length === 0 ? null : cpuSeconds / scores.length;

/**
 * What the final training may take, in CPU seconds: the race of the references and of the dearest setting so far of each
 * algorithm (any may win yet; one that wasn't tried is taken at `prior` a fold) over all folds, and the refit of each on every
 * row (an ensemble needs them all), with a quarter more; plus what a process takes to begin.
 */
export function finalCost(
  states: readonly TrialState[],
  folds: number,
  algorithms: readonly TrialWork["algorithm"][],
  prior: (algorithm: TrialWork["algorithm"]) => number,
): number {
  const tried = new Set(states.map(({ algorithm }) => algorithm));
  const untried = algorithms.filter((algorithm) => !tried.has(algorithm));
  const dearest = new Map<string, number>(untried.map((algorithm) => [algorithm, prior(algorithm)]));
  for (const state of states)
    dearest.set(state.algorithm, Math.max(dearest.get(state.algorithm) ?? 0, perFold(state) ?? 0));
  const each = [...dearest.values()];
  const fits = folds + folds / Math.max(1, folds - 1);
  return overhead + margin * fits * each.reduce((sum, one) => sum + one, 0);
}

/** What some work is expected to take: its trial's own folds so far, else those of its algorithm, else `prior` a fold. */
export function expectedCost(
  work: TrialWork,
  states: readonly TrialState[],
  prior: (algorithm: TrialWork["algorithm"]) => number,
): number {
  const own = states.find(({ trial }) => trial === work.trial);
  const alike = states.filter(({ algorithm }) => algorithm === work.algorithm).map(perFold);
  const known = alike.filter((one) => one !== null);
  const mean = known.length > 0 ? known.reduce((sum, one) => sum + one, 0) / known.length : prior(work.algorithm);
  return ((own && perFold(own)) ?? mean) * (work.to - work.from);
}

/**
 * What each piece of work may use at most, in CPU seconds, so that all together and the final training stay inside the
 * limit; null where they aren't expected to: then the search is over. All that is left is dealt out, by what each is
 * expected to need: nothing but the hard limit stops a trial that turns out dear.
 */
export function allotments(
  works: readonly TrialWork[],
  done: readonly TrialDone[],
  { limit, reserve, prior }: { limit: number; reserve: number; prior: (algorithm: TrialWork["algorithm"]) => number },
): number[] | null {
  const states = trialsOf(done);
  const expected = works.map((work) => Math.max(0.01, expectedCost(work, states, prior)));
  const left = limit - spentOf(done) - reserve;
  const wanted = expected.reduce((sum, one) => sum + one, 0);
  return wanted > left ? null : expected.map((one) => (one / wanted) * left);
}
