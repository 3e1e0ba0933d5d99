import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { references, type SearchPlan, scoreOf, type TrialState } from "./search.ts";

/** So many settings are needed before the best of them tells how the best of more would be. */
const leastSettings = 8;
/** Nobody is told to search beyond so many times what was tried: the gains of so few say no more. */
const mostDoublings = 5;

/**
 * The budget that a search needs. `necessary`: one setting of each algorithm finished and a model trained of it; below
 * that there is nothing to choose from. `sufficient`: so many settings that twice as many are expected to gain less than
 * folds can tell apart (`noise`); null where too few were tried to say. CPU seconds include the final training.
 * `gain`: what doubling the settings tried so far is expected to bring, in the metric.
 */
export type SufficientBudget = {
  necessary: { trials: number; cpuSeconds: number };
  sufficient: { trials: number; cpuSeconds: number } | null;
  gain: number | null;
  noise: number | null;
};

/** Estimates it from the trials so far; `finalCpuSeconds`: what the final training takes (budget.ts). */
export function sufficientBudget(
  plan: SearchPlan,
  states: readonly TrialState[],
  finalCpuSeconds: number,
): SufficientBudget {
  const settings = states.filter(({ trial }) => trial >= references);
  const cost = (some: readonly TrialState[]) => some.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const reference = cost(states.filter(({ trial }) => trial < references));
  const each = settings.length === 0 ? 0 : cost(settings) / settings.length;
  const inAll = (trials: number) => ({ trials, cpuSeconds: reference + trials * each + finalCpuSeconds });
  const necessary = inAll(Math.min(plan.trials, plan.together));
  // All settings were scored on the first folds: on those alone they can be compared.
  const shared = Math.min(...settings.flatMap(({ scores, stopped }) => (stopped === null ? [scores.length] : [])));
  const scores = settings.map((state) => scoreOf(state, shared)).filter((score) => score !== null);
  const noise = noiseOf(settings, plan.shape.folds);
  if (scores.length < leastSettings || noise === null) return { necessary, sufficient: null, gain: null, noise };
  const { trials, gain } = enoughDraws(scores, noise);
  return { necessary, sufficient: inAll(Math.max(necessary.trials, trials)), gain, noise };
}

/**
 * How many draws are enough, when `scores` are draws so far: the first doubling of their number (or half, a quarter … of it)
 * that is expected to raise the best by less than `noise`; and the gain expected of the next doubling. Gains up to half of
 * the draws are means over all subsets; those beyond, where few subsets are left to average, fall on by the last ratio.
 */
export function enoughDraws(scores: readonly number[], noise: number): { trials: number; gain: number } {
  const ascending = sorted(Float64Array.from(scores));
  const half = ascending.length / 2;
  const gainTo = (k: number) => Math.max(0, expectedBest(ascending, k) - expectedBest(ascending, k / 2));
  const ratio = Math.min(0.9, Math.max(0.25, gainTo(half) / Math.max(1e-12, gainTo(half / 2))));
  const gain = gainTo(half) * ratio ** 2;
  for (let k = 2; k <= half; k *= 2) if (gainTo(k) < noise) return { trials: k / 2, gain };
  for (let i = 0; i < mostDoublings; i++)
    if (gainTo(half) * ratio ** i < noise) return { trials: Math.ceil((half / 2) * 2 ** i), gain };
  return { trials: Math.ceil((half / 2) * 2 ** mostDoublings), gain };
}

/** The mean of the best of k of some ascending values over all subsets of that size; between whole sizes, in proportion. */
function expectedBest(ascending: Float64Array, size: number): number {
  const low = Math.max(1, Math.floor(size));
  const high = Math.min(ascending.length, low + 1);
  const share = Math.max(0, size - low);
  const at = (k: number) => {
    const n = ascending.length;
    // The share of subsets whose best is the i-th largest: k/n at first, then falling by (n − i − k) / (n − i − 1).
    let weight = k / n;
    let mean = 0;
    for (let i = 0; i <= n - k; i++) {
      mean += weight * ascending[n - 1 - i]!;
      weight *= (n - i - k) / (n - i - 1 || 1);
    }
    return mean;
  };
  return share === 0 ? at(low) : (1 - share) * at(low) + share * at(high);
}

/** What folds can't tell apart: the middle standard error of the difference, fold by fold, between the best finished setting and the others. */
function noiseOf(settings: readonly TrialState[], folds: number): number | null {
  const finished = settings.flatMap((state) => {
    const score = scoreOf(state, folds);
    return score === null ? [] : [{ score, scores: state.scores }];
  });
  const best = finished.toSorted((a, b) => b.score - a.score)[0];
  const errors = finished.flatMap((other) => {
    if (!best || other === best) return [];
    const gaps = best.scores.flatMap((score, fold) => {
      const own = other.scores[fold];
      return score === null || own == null ? [] : [score - own];
    });
    if (gaps.length < 2) return [];
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / (gaps.length - 1);
    return [Math.sqrt(variance / gaps.length)];
  });
  return errors.length === 0 ? null : quantile(Float64Array.from(errors).sort(), 0.5);
}
