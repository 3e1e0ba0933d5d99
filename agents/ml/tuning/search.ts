import { seededRandom } from "@muster/shared/random.ts";
import { seedOf } from "../training/seed-of.ts";
import type { TrainingShape } from "../training/select-candidates.ts";
import { promoted, rungsOf } from "./halving.ts";
import type { Point } from "./space.ts";
import { type TunedAlgorithm, tunables } from "./spaces.ts";
import { proposeTpe, type Tried } from "./tpe.ts";

/**
 * What a search is, wholly: with the same results it asks for the same trials. `trials`: settings that are tried beside the
 * two references; `together`: settings of one round, proposed at once and run side by side.
 */
export type SearchPlan = {
  seed: number;
  trials: number;
  together: number;
  shape: TrainingShape;
  algorithms: readonly TunedAlgorithm[];
  /** References that what was asked for rules out, with the reason; they keep their number. Absent: none. */
  leftOut?: readonly { algorithm: string; reason: string }[];
};

/** The algorithms that are trained after a search, but for the constant: the linear reference where it isn't left out, and those tuned. */
export const trainedOf = ({ leftOut = [], algorithms }: Pick<SearchPlan, "leftOut" | "algorithms">) =>
  (["linear", ...algorithms] as const).filter((name) => !leftOut.some(({ algorithm }) => algorithm === name));

/** A setting under trial. Number 0 is the constant and 1 the linear model: references, scored on every fold. */
export type Trial = { trial: number; algorithm: "constant" | "linear" | TunedAlgorithm; point: Point };

/** What is to be done next of a trial: its folds from `from` up to, not including, `to`. */
export type TrialWork = Trial & { from: number; to: number };

/**
 * Work that was done. `scores`: of its folds, more is better, null where undefined; `stopped`: why it has none. `maxBins`: bins of
 * a column at most, where its memory allowed no more.
 */
export type TrialDone = TrialWork & {
  scores: (number | null)[];
  cpuSeconds: number;
  stopped: string | null;
  maxBins?: number | null;
};

/** A trial with all that was scored of it so far, from the first fold on. */
export type TrialState = Trial & Pick<TrialDone, "scores" | "cpuSeconds" | "stopped" | "maxBins">;

/** References stand before the settings in the numbering. */
export const references = 2;

/** The trials of some work, in their order. */
export function trialsOf(done: readonly TrialDone[]): TrialState[] {
  const states = new Map<number, TrialState>();
  for (const { from, to: _, ...one } of done.toSorted((a, b) => a.trial - b.trial || a.from - b.from)) {
    const before = states.get(one.trial);
    states.set(one.trial, {
      ...one,
      scores: [...(before?.scores ?? []), ...one.scores],
      cpuSeconds: (before?.cpuSeconds ?? 0) + one.cpuSeconds,
      maxBins: one.maxBins ?? before?.maxBins ?? null,
    });
  }
  return [...states.values()];
}

/**
 * The work that comes next, all of which may run side by side; none: the search is done. Rounds of `together` settings: the
 * first are the untuned ones, then TPE's proposals; each round is halved rung by rung (halving.ts). A function of the
 * plan and of what was done alone, so that a search goes on after a crash as it would have without.
 */
export function nextWork(plan: SearchPlan, done: readonly TrialDone[]): TrialWork[] {
  const states = trialsOf(done);
  const { folds, rows } = plan.shape;
  const rungs = rungsOf(folds, rows);
  const begun = new Map(states.map((state) => [state.trial, state]));
  const first: TrialWork[] = (["constant", "linear"] as const)
    .map((algorithm, trial) => ({ trial, algorithm, point: {}, from: 0, to: folds }))
    .filter(({ trial, algorithm }) => !begun.has(trial) && !plan.leftOut?.some((one) => one.algorithm === algorithm));
  for (let start = 0; start < plan.trials; start += plan.together) {
    const count = Math.min(plan.together, plan.trials - start);
    const numbers = Array.from({ length: count }, (_, i) => references + start + i);
    if (!numbers.every((trial) => begun.has(trial))) {
      // A round that was interrupted is proposed as it was: from the trials before it.
      const before = states.filter(({ trial }) => trial < numbers[0]!);
      const missing = propose(plan, numbers, before).filter(({ trial }) => !begun.has(trial));
      return [...first, ...missing.map((one) => ({ ...one, from: 0, to: rungs[0]! }))];
    }
    const halved = halve(
      numbers.map((trial) => begun.get(trial)!),
      rungs,
    );
    if (halved.length > 0) return [...first, ...halved];
  }
  return first;
}

/** The next rung of a round; none where its last has been scored. */
function halve(round: TrialState[], rungs: number[]): TrialWork[] {
  let alive = round;
  for (const [at, rung] of rungs.entries()) {
    if (at > 0) {
      const before = rungs[at - 1]!;
      alive = promoted(alive.map((of) => ({ of, score: scoreOf(of, before) })));
    }
    const open = alive.filter(({ scores, stopped }) => stopped === null && scores.length < rung);
    if (open.length > 0)
      return open.map(({ trial, algorithm, point, scores }) => ({
        ...{ trial, algorithm, point },
        ...{ from: scores.length, to: rung },
      }));
  }
  return [];
}

/** The mean over the first folds; null where they weren't all scored. */
export function scoreOf({ scores, stopped }: TrialState, folds: number): number | null {
  if (stopped !== null || scores.length < folds) return null;
  const known = scores.slice(0, folds).filter((score) => score !== null);
  return known.length === 0 ? null : known.reduce((sum, score) => sum + score, 0) / known.length;
}

/** The settings of a round: the untuned ones first, then of each algorithm as many as its share of the good ones says. */
function propose(plan: SearchPlan, numbers: number[], before: readonly TrialState[]): Trial[] {
  const all = tunables(plan.shape, plan.algorithms);
  const losses = lossesOf(before);
  const tried = (algorithm: string): Tried[] =>
    before.flatMap((state) =>
      state.algorithm === algorithm && losses.has(state.trial)
        ? [{ point: state.point, loss: losses.get(state.trial)! }]
        : [],
    );
  const starts = dealt(all.map(({ algorithm, starts }) => starts.map((point) => ({ algorithm, point }))));
  const proposed: Trial[] = [];
  for (const trial of numbers) {
    const start = starts[trial - references];
    if (start) {
      proposed.push({ trial, ...start });
      continue;
    }
    const random = seededRandom(seedOf(plan.seed, "trial", trial));
    const weights = all.map(({ algorithm }) => 1 + goodOnes(algorithm, before, losses));
    const { algorithm, space } = all[drawnBy(weights, random)]!;
    const pending = proposed.filter((one) => one.algorithm === algorithm).map(({ point }) => point);
    proposed.push({ trial, algorithm, point: proposeTpe(space, tried(algorithm), random, { startup: 6, pending }) });
  }
  return proposed;
}

/** The lists, dealt one from each in turn. */
function dealt<T>(lists: T[][]): T[] {
  const most = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: most }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}

/** How many of the better third of all settings are of an algorithm. */
function goodOnes(algorithm: string, before: readonly TrialState[], losses: Map<number, number>): number {
  const ranked = before
    .filter(({ trial }) => losses.has(trial))
    .toSorted((a, b) => losses.get(a.trial)! - losses.get(b.trial)!);
  return ranked.slice(0, Math.ceil(ranked.length / 3)).filter((one) => one.algorithm === algorithm).length;
}

function drawnBy(weights: number[], random: () => number): number {
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return i;
  }
  return weights.length - 1;
}

/**
 * How much worse each setting is than the middle one of its folds, on average: so that one that was scored on a single fold
 * and one that was scored on all can stand in one model, whatever the folds are like. Only proposals rest on it, never a rank.
 */
function lossesOf(states: readonly TrialState[]): Map<number, number> {
  const settings = states.filter(({ trial, scores }) => trial >= references && scores.length > 0);
  const most = Math.max(0, ...settings.map(({ scores }) => scores.length));
  const middles = Array.from({ length: most }, (_, fold) => {
    const known = settings.map(({ scores }) => scores[fold] ?? null).filter((score) => score !== null);
    return known.toSorted((a, b) => a - b)[known.length >> 1] ?? null;
  });
  const losses = new Map<number, number>();
  for (const { trial, scores } of settings) {
    const gaps = scores.flatMap((score, fold) => (score === null ? [] : [middles[fold]! - score]));
    if (gaps.length > 0) losses.set(trial, gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length);
  }
  return losses;
}
