import type { TrainingOptions } from "@muster/shared/domain/model.ts";
import type { Search, TriedSetting } from "@muster/shared/domain/search.ts";
import { short } from "@muster/shared/number-text.ts";
import { factOf, parametersOf } from "../training/candidate-facts.ts";
import type { MetricName } from "../training/job.ts";
import { direction, summarise } from "../training/metrics.ts";
import { finalCost } from "./budget.ts";
import { finalistsOf, paramsOf, type Searched, type SearchLimit, tunedCandidates } from "./run-search.ts";
import { references, type SearchPlan, scoreOf, type TrialState, trainedOf, trialsOf } from "./search.ts";
import { sufficientBudget } from "./sufficient.ts";

/** Lines of a leaderboard that are told; all trials stand in the tables. */
const mostLines = 12;

/** What a search is told as: its candidates, its leaderboard, what it used and what would be enough; `verdict` in a line. */
export function describeSearch(
  plan: SearchPlan,
  { done, ended, spent, left }: Searched,
  of: {
    search: string;
    metric: MetricName;
    request: string | null;
    options: TrainingOptions;
    prior: SearchLimit["prior"];
  },
): Search & { verdict: string } {
  const { search, metric, request, options, prior } = of;
  const { folds } = plan.shape;
  const states = trialsOf(done);
  const settings = states.filter(({ trial }) => trial >= references);
  const stopped = settings.filter((state) => state.stopped !== null).length;
  const ranked = states
    .filter((state) => scoreOf(state, folds) !== null)
    .toSorted((a, b) => scoreOf(b, folds)! - scoreOf(a, folds)! || a.trial - b.trial);
  const finished = ranked.filter(({ trial }) => trial >= references).length;
  const board = ranked
    .filter(({ trial }, at) => trial < references || at < mostLines)
    .map((state) => lineOf(plan, state, metric));
  const needed = sufficientBudget(plan, states, finalCost(states, folds, trainedOf(plan), prior));
  const found: Search = {
    ...{ search, metric, seed: plan.seed, folds, board, ended, ...needed },
    candidates: tunedCandidates(plan, states).map(factOf),
    trials: settings.length,
    ...{ dropped: settings.length - finished - stopped, stopped },
    stoppedFor: reasonsOf(states),
    fewerBins: settings.filter(({ maxBins }) => maxBins != null).length,
    ...{ options, leftOut: [...(plan.leftOut ?? [])] },
    spentCpuSeconds: spent,
    left: { request, cpuSeconds: left },
  };
  return { ...found, verdict: verdictOf(found, finalistsOf(plan, states).length) };
}

function lineOf(plan: SearchPlan, state: TrialState, metric: MetricName): TriedSetting {
  const values = state.scores.map((score) => (score === null ? null : direction(metric) * score));
  const { mean, se } = summarise(values);
  const parameters = parametersOf(paramsOf(plan, state));
  return { trial: state.trial, algorithm: state.algorithm, parameters, mean, se, cpuSeconds: state.cpuSeconds };
}

/** Why trials were stopped, each kind of reason in the words of its first one. */
function reasonsOf(states: readonly TrialState[]): NonNullable<Search["stoppedFor"]> {
  const kinds = new Map<string, { trials: number; why: string }>();
  for (const { stopped } of states) {
    if (stopped === null) continue;
    const [code] = stopped.split(":", 1);
    const before = kinds.get(code!);
    kinds.set(code!, { trials: (before?.trials ?? 0) + 1, why: before?.why ?? stopped });
  }
  return [...kinds.values()];
}

function verdictOf(found: Search, finalists: number): string {
  const { board, metric, trials, dropped, stopped, ended, spentCpuSeconds, sufficient, folds, necessary } = found;
  const said = ({ mean, se }: TriedSetting) => `${short(mean)}${se === null ? "" : ` ± ${short(se)}`}`;
  const best = board.find(({ trial }) => trial >= references);
  const others = board
    .filter(({ trial }) => trial < references)
    .map((line) => `${line.algorithm} ${said(line)}`)
    .join(", ");
  const first = best
    ? `${best.algorithm} ${metric} ${said(best)} over ${folds} folds (${others})`
    : `no setting was scored on every fold (${others}); the untuned ones stay`;
  const counted = [
    `${trials} settings tried, ${dropped} dropped early${stopped > 0 ? `, ${stopped} stopped` : ""}`,
    ...(found.stoppedFor ?? []).map((one) => `${one.trials} stopped for ${one.why}`),
    ...(found.fewerBins ? [`${found.fewerBins} tried with fewer bins, for want of memory`] : []),
    ...(found.leftOut ?? []).map(({ algorithm, reason }) => `${algorithm} ${reason}`),
  ].join("; ");
  const end = ended === "budget" ? "; the budget ended the search" : "";
  const enough = sufficient
    ? `about ${sufficient.trials} settings and ${Math.ceil(sufficient.cpuSeconds)} CPU-seconds would be enough`
    : `at least ${necessary.trials} settings and ${Math.ceil(necessary.cpuSeconds)} CPU-seconds are needed`;
  return `${first}; ${counted}${end}; ${spentCpuSeconds.toFixed(1)} CPU-seconds, ${finalists} tuned to be trained; ${enough}`;
}
