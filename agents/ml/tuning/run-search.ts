import { calibrate } from "@muster/shared/estimate/calibrate.ts";
import { expectedCpuSeconds } from "@muster/shared/estimate/expected.ts";
import type { MachineSpeed } from "@muster/shared/estimate/prior.ts";
import { type Fault, fault } from "@muster/shared/fault.ts";
import { parametersOf, workOf as trainingWork } from "../training/candidate-facts.ts";
import { withBins } from "../training/candidates-under.ts";
import type { Candidate, ProposedParams } from "../training/job.ts";
import { inMemory } from "../training/memory-plan.ts";
import { designColumns, selectCandidates } from "../training/select-candidates.ts";
import { allotments, expectedCost, finalCost, spentOf } from "./budget.ts";
import {
  nextWork,
  references,
  type SearchPlan,
  scoreOf,
  type TrialDone,
  type TrialState,
  type TrialWork,
  trainedOf,
  trialsOf,
} from "./search.ts";
import { tunables } from "./spaces.ts";

/** Why a search ended: every setting was tried, or the next ones would not leave room for the final training. */
export type SearchEnd = "trials" | "budget";

/** A finished search: all that was done, and why it ended. `left`: CPU seconds for the final training. */
export type Searched = { done: TrialDone[]; ended: SearchEnd; spent: number; left: number };

/** What limits a search, in CPU seconds, the final training included; `prior`: what a fold of an algorithm should take before one was tried. */
export type SearchLimit = { cpuSeconds: number; prior: (algorithm: TrialWork["algorithm"]) => number };

/**
 * Searches until the plan has nothing left to try or the budget ends, so early that the final training fits. `evaluate`
 * does some work side by side and gives what came of it, in any order; each piece with the CPU seconds it may use.
 */
export async function runSearch(
  plan: SearchPlan,
  { cpuSeconds: limit, prior }: SearchLimit,
  evaluate: (works: (TrialWork & { cpuSecondsLimit: number })[]) => Promise<TrialDone[]>,
): Promise<Searched> {
  const done: TrialDone[] = [];
  const end = (ended: SearchEnd) => ({ done, ended, spent: spentOf(done), left: limit - spentOf(done) });
  for (;;) {
    const works = nextWork(plan, done);
    if (works.length === 0) return end("trials");
    const states = trialsOf(done);
    const reserve = finalCost(states, plan.shape.folds, trainedOf(plan), prior);
    const allowed = allotments(works, done, { limit, reserve, prior });
    if (!allowed) return end("budget");
    done.push(...(await evaluate(works.map((work, i) => ({ ...work, cpuSecondsLimit: allowed[i]! })))));
  }
}

/** The best setting of each algorithm that was scored on every fold, best first; equal ones: the earlier. */
export function finalistsOf({ shape }: Pick<SearchPlan, "shape">, states: readonly TrialState[]): TrialState[] {
  const best = new Map<string, { state: TrialState; score: number }>();
  for (const state of states) {
    const score = state.trial < references ? null : scoreOf(state, shape.folds);
    if (score !== null && score > (best.get(state.algorithm)?.score ?? Number.NEGATIVE_INFINITY))
      best.set(state.algorithm, { state, score });
  }
  return [...best.values()].toSorted((a, b) => b.score - a.score).map(({ state }) => state);
}

/**
 * The candidates of a training after a search: the constant, the linear model, and the best setting of each algorithm. An
 * algorithm of which no setting was scored on every fold keeps its untuned ones: nothing unfinished is put forward.
 */
export function tunedCandidates(plan: SearchPlan, states: readonly TrialState[]): Candidate[] {
  const finalists = finalistsOf(plan, states);
  const spaces = tunables(plan.shape, plan.algorithms);
  const tuned = finalists.map((state): Candidate => {
    const { paramsOf } = spaces.find(({ algorithm }) => algorithm === state.algorithm)!;
    const params = asScored(paramsOf(state.point), state);
    const tried = states.filter(({ algorithm }) => algorithm === state.algorithm).length;
    const why = `the best of ${tried} settings of it that were searched (trial ${state.trial})`;
    return { name: `${state.algorithm}_tuned`, params, why, work: workOf(plan, params) };
  });
  const searched = new Set<string>(finalists.map(({ algorithm }) => algorithm));
  const untuned = selectCandidates(plan.shape).filter(({ params }) => !searched.has(params.algorithm));
  const reference = ({ params }: Candidate) => params.algorithm === "constant" || params.algorithm === "linear";
  // In the order in which they are raced: what was found must not be left out because untuned ones used the budget up.
  return [...untuned.filter(reference), ...tuned, ...untuned.filter((one) => !reference(one))];
}

function workOf({ shape }: SearchPlan, params: Candidate["params"]): number {
  if (!("trees" in params)) return 0;
  const outputs = shape.task === "multiclass" ? shape.classes : 1;
  const cells = shape.rows * designColumns(shape) * (shape.folds + 1) * outputs;
  return cells * params.trees.rounds * params.trees.parallelTrees * params.trees.maxDepth;
}

/** A setting with as many bins as it was scored with. */
function asScored(params: ProposedParams, { maxBins = null }: Pick<TrialState, "maxBins">): ProposedParams {
  return withBins({ name: "", params, why: "", work: 0 }, { ...inMemory, maxBins }).params;
}

/** The parameters of a trial, as a training takes them. */
export function paramsOf(
  plan: SearchPlan,
  { algorithm, point, maxBins }: Pick<TrialState, "algorithm" | "point" | "maxBins">,
): ProposedParams {
  if (algorithm === "constant" || algorithm === "linear")
    return selectCandidates(plan.shape).find(({ params }) => params.algorithm === algorithm)!.params;
  return asScored(tunables(plan.shape, [algorithm])[0]!.paramsOf(point), { maxBins });
}

/** What a fold of an algorithm should take on this machine before one was tried, in CPU seconds: the mean of its untuned settings. */
export function priorOf({ shape }: Pick<SearchPlan, "shape">, speed: MachineSpeed): SearchLimit["prior"] {
  const model = calibrate([], speed);
  const { rows, folds } = shape;
  const race = { rows, columns: designColumns(shape), folds, threads: 1 };
  const known = new Map<string, number>();
  return (algorithm) => {
    const before = known.get(algorithm);
    if (before !== undefined) return before;
    const own = selectCandidates(shape).filter(({ params }) => params.algorithm === algorithm);
    const works = own.map(({ params }) => trainingWork(algorithm, parametersOf(params), race));
    const each = algorithm === "constant" ? 0 : expectedCpuSeconds(model, works).mid / works.length / (folds + 1);
    known.set(algorithm, each);
    return each;
  };
}

/** The fault of a budget in which not even the first trials and a training fit, with what would do. */
export function tooSmall(plan: SearchPlan, limit: number, prior: SearchLimit["prior"]): Fault {
  const first = nextWork(plan, []).reduce((sum, work) => sum + expectedCost(work, [], prior), 0);
  const needed = Math.ceil(first + finalCost([], plan.shape.folds, trainedOf(plan), prior));
  return fault(
    "over_budget",
    `a search needs about ${needed} CPU s, its final training included; it had ${limit.toFixed(1)}`,
    {
      ...{ neededCpuSeconds: needed, hadCpuSeconds: limit },
    },
  );
}
