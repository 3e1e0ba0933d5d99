import type { FeatureView } from "@muster/shared/domain/feature.ts";
import { type Dropped, TrainingOptions } from "@muster/shared/domain/model.ts";
import { z } from "zod";
import type { CostMatrix, TrainOptions } from "./job.ts";
import { monotoneFeatures } from "./monotone-features.ts";

const { classWeights, monotone, costs, coverage } = TrainingOptions.shape;

/** What an asker may fix for every candidate, as inputs of a tool: a search takes the same as the training that follows it. */
export const AskedOptions = z.object({
  /** What a row of each class counts (a class not named: 1), or balanced. */
  classWeights: classWeights.unwrap().optional(),
  /** Raw columns or features of numbers that may only raise (1) or only lower (−1) the answer. */
  monotone: monotone.default({}),
  /** The price of a wrong answer of each kind: the threshold is the one of least cost. Two classes. */
  costs: costs.unwrap().optional(),
  /** The share of rows that the interval around a predicted number is to hold; 0.9 where it isn't said. */
  coverage: coverage.unwrap().optional(),
  /** How trees take categories: encoded as columns of numbers, or native, as sets to split on (linear models are left out). */
  categories: z.enum(["encoded", "native"]).optional(),
});
export type AskedOptions = z.infer<typeof AskedOptions>;

/** What every candidate is held to, by feature; and all features left out, those that would undo a constraint among them. */
export type HeldTo = { options: TrainOptions; costs: CostMatrix | null; dropped: Dropped[] };

/** What was asked for, held to the features of a view of which some were dropped. */
export function heldTo(
  asked: AskedOptions,
  view: Pick<FeatureView, "dataset" | "features">,
  dropped: readonly Dropped[],
): HeldTo {
  const constrained = monotoneFeatures(asked.monotone, view);
  const all = [...dropped, ...constrained.left];
  const left = new Set(all.map(({ name }) => name));
  const options: TrainOptions = {
    classWeights: asked.classWeights ?? null,
    coverage: asked.coverage ?? null,
    categories: asked.categories ?? null,
    // What isn't trained on can't go against its constraint.
    monotone: Object.fromEntries(Object.entries(constrained.monotone).filter(([feature]) => !left.has(feature))),
  };
  return { options, costs: asked.costs ?? null, dropped: all };
}

/** What was held to, as a run or a search records it. */
export const recorded = ({ options, costs }: Pick<HeldTo, "options" | "costs">): TrainingOptions => ({
  ...options,
  categories: options.categories ?? null,
  costs,
});
