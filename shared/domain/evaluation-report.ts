import { z } from "zod";

const Span = z.object({ value: z.number(), low: z.number(), high: z.number() });

/**
 * What serving with a threshold would do on the hold-out: counts, and precision, recall, specificity (null where undefined).
 * `cost`: of all rows with the costs that were given; null without them. `of`: the version's own, one that was asked for,
 * or a step of the grid.
 */
export const AtThreshold = z.object({
  of: z.enum(["recorded", "asked", "grid"]),
  threshold: z.number(),
  ...{ tn: z.number().int(), fp: z.number().int(), fn: z.number().int(), tp: z.number().int() },
  ...{ precision: z.number().nullable(), recall: z.number().nullable(), specificity: z.number().nullable() },
  cost: z.number().nullable(),
});
export type AtThreshold = z.infer<typeof AtThreshold>;

/**
 * The recorded threshold by the cost of a wrong yes and a wrong no, in their unit and in sum over the hold-out: beside
 * saying yes or no to all, the threshold that costs follow from where probabilities can be taken at their word
 * (`byProbability`), and the cheapest one of these very rows, which would do worse on others.
 */
export const CostOfThreshold = z.object({
  ...{
    falsePositive: z.number(),
    falseNegative: z.number(),
    recorded: z.number(),
    allYes: z.number(),
    allNo: z.number(),
  },
  byProbability: z.object({ threshold: z.number(), cost: z.number() }),
  cheapest: z.object({ threshold: z.number(), cost: z.number() }),
});
export type CostOfThreshold = z.infer<typeof CostOfThreshold>;

/**
 * Rows of the hold-out with something in common: one category, or a range of a number between two quartiles (`from` ≤ x <
 * `to`; null: open). `label`: their mean label (the positive share of two classes; null for more). `metric`: the
 * problem's with its 95 % interval, null where it has none.
 */
export const GroupFigures = z.object({
  feature: z.string(),
  in: z.string().nullable(),
  ...{ from: z.number().nullable(), to: z.number().nullable() },
  rows: z.number().int(),
  label: z.number().nullable(),
  metric: Span.nullable(),
});
export type GroupFigures = z.infer<typeof GroupFigures>;

/** How much worse the problem's metric gets when a feature's values are dealt out anew among the rows: mean and standard error over repeats. */
export const PermutedFeature = z.object({ name: z.string(), drop: z.number(), se: z.number() });
export type PermutedFeature = z.infer<typeof PermutedFeature>;

/** Everything that one look at a hold-out says of a model; what doesn't belong to the task is null. */
export const EvaluationReport = z.object({
  metric: z.string(),
  metrics: z.record(z.string(), Span),
  baseline: z.record(z.string(), z.number().nullable()),
  /** Resamples behind the intervals, and how many entities were drawn as a whole (null: single rows). */
  bootstrap: z.object({ repetitions: z.number().int(), entities: z.number().int().nullable(), seed: z.number().int() }),
  calibration: z
    .object({
      ...{ slope: z.number().nullable(), intercept: z.number().nullable(), brier: z.number() },
      bins: z.array(z.object({ rows: z.number().int(), predicted: z.number(), observed: z.number() })),
    })
    .nullable(),
  /** Rows by label (outer) and served class (inner), in class order. */
  confusion: z.array(z.array(z.number().int())).nullable(),
  thresholds: z.array(AtThreshold).nullable(),
  costs: CostOfThreshold.nullable(),
  gains: z
    .array(
      z.object({
        ...{ share: z.number(), rows: z.number().int(), positives: z.number().int() },
        ...{ captured: z.number(), lift: z.number() },
      }),
    )
    .nullable(),
  residuals: z
    .object({
      ...{ mean: z.number(), deviation: z.number(), largest: z.number() },
      quantiles: z.record(z.string(), z.number()),
      bins: z.array(z.object({ rows: z.number().int(), predicted: z.number(), residual: z.number() })),
    })
    .nullable(),
  /** `asked`: those of the features that were named; else the worst of `of` groups, on these very rows. */
  groups: z.object({ asked: z.boolean(), of: z.number().int(), list: z.array(GroupFigures) }),
  permutation: z.object({
    ...{ rows: z.number().int(), repeats: z.number().int() },
    features: z.array(PermutedFeature),
  }),
});
export type EvaluationReport = z.infer<typeof EvaluationReport>;
