import { z } from "zod";
import { DatasetPin } from "./dataset.ts";
import { Figure } from "./fairness.ts";
import { Feature, FeatureView } from "./feature.ts";
import { SliceCondition } from "./slice.ts";

/**
 * One side of a comparison: a finished run and where its answers stand. `settings`: the candidates that it raced to their end,
 * `skipped` those that its budget cut off. `inputs`: the features that its model reads.
 */
export const Contender = z.object({
  ...{ run: z.string(), model: z.string(), view: z.string(), training: DatasetPin },
  ...{ algorithm: z.string(), threshold: z.number().nullable(), inputs: z.array(z.string()) },
  ...{ settings: z.array(z.string()), skipped: z.array(z.string()), cpuSeconds: z.number() },
  artifacts: z.object({ onnx: z.string(), fitted: z.string(), oof: z.string() }),
});
export type Contender = z.infer<typeof Contender>;

/**
 * A typed feature that is proposed, and what it answers: the slice in which the model is wrong, or who said so. `by`: the language
 * model that thought of it; absent where none did.
 */
export const ProposedFeature = z.object({ feature: Feature, because: z.string(), by: z.string().optional() });
export type ProposedFeature = z.infer<typeof ProposedFeature>;

/** What wasn't proposed though it could have been, and why; `by`: the language model that thought of it. */
export const LeftOut = z.object({ name: z.string(), reason: z.string(), by: z.string().optional() });
export type LeftOut = z.infer<typeof LeftOut>;

/**
 * What a language model thought of for a round. `features`: typed, each with the number of the slice that it answers (null: none);
 * `unread`: what wasn't a typed feature of columns that are there. `why`: why it had none, else null. `sent`: the artifact of what it
 * was told; null where it wasn't asked.
 */
export const Ideas = z.object({
  model: z.string(),
  features: z.array(z.object({ feature: Feature, slice: z.number().int().nonnegative().nullable() })).max(20),
  unread: z.array(LeftOut).max(200),
  ...{ why: z.string().nullable(), sent: z.string().nullable() },
});
export type Ideas = z.infer<typeof Ideas>;

/** What came of a language model's proposals in a round: how many there were, which are tried, why the others aren't, or why there were none. */
export const Thought = z.object({
  ...{ round: z.number().int().positive(), model: z.string(), proposed: z.number().int() },
  ...{ tried: z.array(z.string()), leftOut: z.array(LeftOut), why: z.string().nullable() },
});
export type Thought = z.infer<typeof Thought>;

/** Where the base is wrong, as the hold-out's rows are asked for it: one of its error slices. */
export const TargetSlice = z.object({ words: z.string(), conditions: z.array(SliceCondition).min(1).max(3) });
export type TargetSlice = z.infer<typeof TargetSlice>;

/**
 * How much better one side is than the other out of fold, in the direction in which more is better: the mean over folds of
 * the paired differences, its standard error (null for one fold) and each fold (null where the metric isn't defined).
 */
export const FoldDifference = z.object({
  ...{ metric: z.string(), against: z.number(), challenger: z.number(), mean: z.number() },
  ...{ se: z.number().nullable(), folds: z.array(z.number().nullable()) },
});
export type FoldDifference = z.infer<typeof FoldDifference>;

/** A round that was tried: what was proposed and what it came to. `unequal`: why the two sides couldn't be compared, else null. */
export const TriedRound = z.object({
  ...{ round: z.number().int().positive(), view: z.string(), against: z.string() },
  features: z.array(ProposedFeature),
  difference: FoldDifference,
  ...{ better: z.boolean(), unequal: z.string().nullable(), cpuSeconds: z.number() },
  /** Absent where no language model is set. */
  thought: Thought.optional(),
});
export type TriedRound = z.infer<typeof TriedRound>;

/**
 * A round's proposal. `view`: what the challenger is trained on, the features of `against` (the best so far) with the
 * proposed ones; null where nothing is left to propose, which `why` says. `base`: the model that is to be improved.
 * `slice`: where lift is measured beside the whole. `thought`: what came of a language model's proposals; absent without one.
 */
export const Proposal = z.object({
  ...{ round: z.number().int().positive(), rounds: z.number().int().positive() },
  features: z.array(ProposedFeature),
  view: FeatureView.nullable(),
  ...{ base: Contender, against: Contender, slice: TargetSlice.nullable() },
  tried: z.array(TriedRound),
  ...{ leftOut: z.array(LeftOut), why: z.string(), thought: Thought.optional() },
});
export type Proposal = z.infer<typeof Proposal>;

/** A round compared out of fold. `best`: the challenger that is best so far, null while none is better; `stop`: why no round follows, null where one does. */
export const Comparison = z.object({
  ...{ round: z.number().int().positive(), rounds: z.number().int().positive() },
  ...{ base: Contender, challenger: Contender, slice: TargetSlice.nullable() },
  ...{ tried: z.array(TriedRound).min(1), best: Contender.nullable(), stop: z.string().nullable() },
});
export type Comparison = z.infer<typeof Comparison>;

/** One metric of both sides on the same rows; `lift` is how much better the challenger is, with its 95 % interval, null where it isn't defined. */
export const LiftFigure = z.object({
  ...{ base: z.number().nullable(), challenger: z.number().nullable(), lift: Figure.nullable() },
});
export type LiftFigure = z.infer<typeof LiftFigure>;

/**
 * The challenger against the base on the sealed rows, each at its own recorded threshold, by one bootstrap in which both meet
 * the same draws. `by`: what was drawn as a whole, of which there are `clusters`. `metric`: the one that the test is of;
 * `above`: whether its interval lies above zero. `slice`: the same on the rows of the base's error slice; null where it can't
 * be told, which `sliceNote` says.
 */
export const PairedLift = z.object({
  ...{ base: z.string(), challenger: z.string(), metric: z.string(), above: z.boolean() },
  ...{ rows: z.number().int(), by: z.enum(["entity", "time", "row"]), clusters: z.number().int() },
  ...{ repetitions: z.number().int(), seed: z.number().int() },
  overall: z.record(z.string(), LiftFigure),
  slice: z.object({ words: z.string(), rows: z.number().int(), figures: z.record(z.string(), LiftFigure) }).nullable(),
  sliceNote: z.string().nullable(),
});
export type PairedLift = z.infer<typeof PairedLift>;

/**
 * What the one look at the hold-out came to: the lift, and which look at these rows it was. `kept`: the interval lies above
 * zero and the rows are still fresh; after the third look at them it is told, but promotion wants fresh data.
 */
export const Confirmation = z.object({
  ...{ round: z.number().int().positive(), lift: PairedLift, look: z.number().int().positive(), kept: z.boolean() },
  tried: z.array(TriedRound),
});
export type Confirmation = z.infer<typeof Confirmation>;
