import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Feature } from "@muster/shared/domain/feature.ts";
import {
  type Comparison,
  type Ideas,
  Proposal,
  type TargetSlice,
  type Thought,
} from "@muster/shared/domain/improvement.ts";
import { refusedColumns } from "@muster/shared/domain/leakage.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import type { Slice } from "@muster/shared/domain/slice.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { featureView } from "../feature-view.ts";
import { whyRefused } from "../improve/gates.ts";
import { contenderOf } from "../improve/out-of-fold.ts";
import { proposeFeatures, type Wished } from "../improve/propose.ts";
import { whyNotUsed } from "../improve/usable.ts";
import type { MlDeps } from "../index.ts";

/** The goal of the one look at the hold-out, for the challenger that is best out of fold. */
export const confirmGoal = ({ view }: { view: string }): Goal => ({
  is: "improvement.confirmed",
  on: { view, challenger: view },
});

export const improveModel = tool({
  name: "improve_model",
  does: "Proposes typed features from where the model is wrong and from what was tried, as a challenger to train and compare.",
  effect: "read",
  input: z.object({
    round: z.number().int().min(1).max(10).default(1),
    rounds: z.number().int().min(1).max(10).default(2),
    /** Features to try first, whoever thought of them; each is held to the same gates. */
    propose: z.array(Feature).min(1).max(20).optional(),
  }),
  /** The fact holds the rest: definitions, the challenger's view, what was tried. */
  output: z.object({
    round: z.number().int(),
    challenger: z.string().nullable(),
    against: z.string(),
    features: z.array(z.object({ name: z.string(), because: z.string() })),
    leftOut: Proposal.shape.leftOut,
    why: z.string(),
    verdict: z.string(),
  }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned" },
    { is: "training.cleared", as: "cleared" },
    { is: "leakage.found", as: "leakage" },
    { is: "view.registered", as: "view" },
    { is: "run.finished", as: "run" },
    { is: "slices.found", as: "found" },
    { is: "improvement.compared", as: "before", optional: true },
    { is: "features.proposed", as: "ideas", optional: true, asked: true },
  ],
  gives: [
    {
      is: "improvement.proposed",
      when: ({ challenger }) => challenger !== null,
      about: ({ round, challenger, against }) => ({ round, challenger: challenger ?? against }),
    },
  ],
  cost: { ms: 30 },
  next: ({ round, challenger }, { before }): Goal[] => {
    if (challenger !== null)
      return [{ is: "improvement.compared", of: { round }, on: { view: challenger, challenger } }];
    return before?.best && before.round === round - 1 ? [confirmGoal(before.best)] : [];
  },
  run: async (
    { round, rounds, propose = [], problem, cleared, leakage, view, run, found, before, ideas },
    { value, lake, threads }: Context & MlDeps,
  ) => {
    if (round > rounds) throw fault("invalid_input", `round ${round} of ${rounds}: ask for at least as many rounds`);
    const last = round === 1 ? null : priorTo(round, before);
    const against = contenderOf(run, view.view.hash);
    const slices = [...found.slices, ...found.hard];
    const tried = last?.tried ?? [];
    const refused = refusedColumns(leakage);
    const unused = (feature: Feature) => whyNotUsed(feature, problem.dataset, { cleared, refused });
    const thoughtOf = [...propose, ...(ideas?.features ?? []).map(({ feature }) => feature)];
    const { rows } = await lake.manifest(run.training);
    const gates = await whyRefused(
      thoughtOf.filter((feature) => unused(feature) === null),
      { lake, threads, problem, cleared, leakage, rows },
    );
    const wished = proposeFeatures({
      ...{ slices, held: view.view.features, dataset: problem.dataset, asked: propose },
      ideas: (ideas?.features ?? []).map(({ feature, slice }) => ({
        ...{ feature, because: (slice === null ? null : slices[slice]?.words) ?? noSlice, by: ideas!.model },
      })),
      tried: tried.flatMap(({ features }) => features.map(({ feature }) => feature)),
      whyNot: (feature) => unused(feature) ?? gates.get(feature) ?? null,
    });
    const thought = ideas && thoughtFrom(round, ideas, wished);
    const features = wished.features.map(({ feature }) => feature);
    const challenger =
      features.length === 0 ? null : featureView(problem, [...view.view.features, ...features], view.view.hash);
    const why =
      challenger !== null
        ? ""
        : slices.length === 0
          ? "no slice of errors was confirmed, so nothing says what to add"
          : "everything that the slices point to is in the model or was tried";
    const proposal: Proposal = {
      ...{ round, rounds, features: wished.features, view: challenger, tried, leftOut: wished.leftOut, why },
      ...{ base: last?.base ?? against, against, slice: last ? last.slice : targetOf(slices) },
      ...(thought && { thought }),
    };
    value("improvement.proposed", proposal);
    return {
      ...{ round, challenger: challenger?.hash ?? null, against: against.view },
      features: wished.features.map(({ feature: { name }, because }) => ({ name, because })),
      ...{ leftOut: wished.leftOut, why },
      verdict:
        challenger === null
          ? `nothing to propose: ${why}`
          : `round ${round} of at most ${rounds}: ${features.map(({ name }) => name).join(", ")}`,
    };
  },
});

/** What a proposal answers that names no slice. */
const noSlice = "none of the slices alone";

/** What came of a language model's proposals: what can't be read of them stands with what the gates refuse. */
function thoughtFrom(round: number, { model, features, unread, why }: Ideas, wished: Wished): Thought {
  const tried = wished.features.filter(({ by }) => by !== undefined).map(({ feature }) => feature.name);
  const leftOut = [...unread, ...wished.leftOut.filter(({ by }) => by !== undefined)];
  return { round, model, proposed: features.length + unread.length, tried, leftOut, why };
}

/** What the round before came to. `precondition_failed` where it isn't shown: rounds follow one another. */
function priorTo(round: number, before: Comparison | null): Comparison {
  if (before?.round === round - 1) return before;
  throw fault("precondition_failed", `round ${round} follows round ${round - 1}, which wasn't compared; begin with 1`, {
    missing: ["improvement.compared"],
  });
}

const targetOf = ([strongest]: readonly Slice[]): TargetSlice | null =>
  strongest ? { words: strongest.words, conditions: strongest.conditions } : null;
