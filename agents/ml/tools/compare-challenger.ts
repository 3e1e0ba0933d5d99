import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import type { Estimate } from "@muster/shared/domain/estimate.ts";
import { type Comparison, FoldDifference, type TriedRound } from "@muster/shared/domain/improvement.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import { signed } from "@muster/shared/number-text.ts";
import { z } from "zod";
import { readOutOfFold } from "../experiments/kept-answers.ts";
import { aboveNoise, contenderOf, foldDifference, unequal } from "../improve/out-of-fold.ts";
import type { MlDeps } from "../index.ts";
import { confirmGoal } from "./improve-model.ts";

export const compareChallenger = tool({
  name: "compare_challenger",
  does: "Compares a proposed challenger with what it was built on, out of fold on the same folds, and says whether to go on.",
  effect: "read",
  input: z.object({}),
  /** The fact holds the rest: both sides with their artifacts, and every round so far. */
  output: z.object({
    round: z.number().int(),
    challenger: z.string(),
    difference: FoldDifference,
    better: z.boolean(),
    /** The view to build on: the best so far, else the base's; and whether it is a challenger. */
    view: z.string(),
    improved: z.boolean(),
    stop: z.string().nullable(),
    verdict: z.string(),
  }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "improvement.proposed", as: "proposed" },
    { is: "training.estimated", as: "estimate" },
    { is: "run.finished", as: "run" },
  ],
  gives: [{ is: "improvement.compared" }],
  cost: { ms: 500 },
  next: ({ round, stop, view, improved, challenger }): Goal[] => {
    if (stop !== null) return improved ? [confirmGoal({ view })] : [];
    return [{ is: "improvement.proposed", of: { round: round + 1 }, on: { view, challenger } }];
  },
  run: async ({ accepted, problem, proposed, estimate, run }, { shown, getArtifact, value }: Context & MlDeps) => {
    const view = z.string().parse(shown.find(({ fact }) => fact === "run.finished")?.about.view);
    if (proposed.view?.hash !== view)
      throw fault("precondition_failed", "the run shown isn't of the proposed view; train that one", {
        missing: ["run.finished"],
      });
    const { round, rounds, base, against, slice, features, thought } = proposed;
    const challenger = contenderOf(run, view);
    const [before, after] = await Promise.all(
      [against, challenger].map(({ artifacts }) => readOutOfFold(artifacts.oof, getArtifact)),
    );
    const difference = foldDifference({ task: run.task, metric: problem.metric }, before!, after!);
    const apart = unequal(against, challenger);
    const better = apart === null && aboveNoise(difference);
    const one: TriedRound = {
      ...{ round, view, against: against.view, features, difference, better },
      ...{ unequal: apart, cpuSeconds: challenger.cpuSeconds, ...(thought && { thought }) },
    };
    const tried = [...proposed.tried, one];
    const best = better ? challenger : against.view === base.view ? null : against;
    const stop = stopOf({ round, rounds, tried, estimate, budgetUsd: accepted.budgetUsd });
    const { metric, mean, se } = difference;
    const noise = se === null ? "" : ` ± ${short(se)}`;
    const said = better ? "better than its noise" : (apart ?? "not above its noise");
    const compared: Comparison = { round, rounds, base, challenger, slice, tried, best, stop };
    value("improvement.compared", compared);
    return {
      ...{ round, challenger: view, difference, better, view: (best ?? base).view, improved: best !== null, stop },
      verdict: `round ${round}: ${metric} ${signed(mean)}${noise} out of fold, ${said}${stop === null ? "" : `; ${stop}`}`,
    };
  },
});

/** Why no round follows: they are used up, or another one like this might go beyond the request's budget. */
function stopOf(at: {
  round: number;
  rounds: number;
  tried: readonly TriedRound[];
  estimate: Estimate;
  budgetUsd: number | null;
}): string | null {
  const { round, rounds, tried, estimate, budgetUsd } = at;
  if (round >= rounds) return `that was round ${round} of ${rounds}`;
  const { usd, cpuSeconds } = estimate;
  const rate = cpuSeconds.mid > 0 ? usd.mid / cpuSeconds.mid : 0;
  const spentUsd = tried.reduce((sum, one) => sum + one.cpuSeconds * rate, 0);
  return budgetUsd !== null && spentUsd + usd.high > budgetUsd
    ? `another round could take ${usd.high.toPrecision(2)} USD, more than what is left of ${budgetUsd} USD`
    : null;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
