import { z } from "zod";

/** A figure with its 95 % interval. */
export const Figure = z.object({ value: z.number(), low: z.number(), high: z.number() });
export type Figure = z.infer<typeof Figure>;

/**
 * How a model does on one group of a protected attribute, on the hold-out. A figure that the group can't give (no row of a
 * class, another task) is null. `rates`: the share of rows that are predicted as each class; binary: the positive class at
 * the recorded threshold. `actual`: the share that has that label. `truePositive`, `falsePositive`: binary only.
 * `calibration`: mean prediction minus mean label (binary: probability; regression: in the label's unit).
 */
export const GroupFigures = z.object({
  group: z.string(),
  rows: z.number().int(),
  rates: z.record(z.string(), Figure),
  actual: z.record(z.string(), Figure),
  truePositive: Figure.nullable(),
  falsePositive: Figure.nullable(),
  rocAuc: Figure.nullable(),
  accuracy: Figure.nullable(),
  rmse: Figure.nullable(),
  calibration: Figure.nullable(),
});
export type GroupFigures = z.infer<typeof GroupFigures>;

/**
 * How well something tells one group of an attribute from the rest: area under the ROC curve, out of fold on training rows.
 * `features`: the ones it reads; the attribute's own and what is made of it are left out.
 */
export const ProxyStrength = z.object({ group: z.string(), features: z.array(z.string()), rocAuc: Figure });
export type ProxyStrength = z.infer<typeof ProxyStrength>;

/**
 * One protected attribute. `ratio`: the smallest ratio of outcome rates between two groups (four-fifths rule: 0.8);
 * `tprRatio` the same of true positive rates. `together`: what all features tell jointly; `alone`: the strongest single ones.
 * `unnamed`: rows of groups too small to be told, or without a value. `isFeature`: the model reads the attribute itself.
 */
export const AttributeFairness = z.object({
  attribute: z.string(),
  isFeature: z.boolean(),
  bands: z.boolean(),
  leastRows: z.number().int(),
  groups: z.array(GroupFigures),
  unnamed: z.number().int(),
  ratio: Figure.nullable(),
  tprRatio: Figure.nullable(),
  together: ProxyStrength.nullable(),
  alone: z.array(ProxyStrength),
});
export type AttributeFairness = z.infer<typeof AttributeFairness>;

/**
 * What is known of a model's fairness: by protected attribute, and those that couldn't be compared with the reason.
 * The worst figures over all attributes; null where none gives one.
 */
export const Fairness = z.object({
  attributes: z.array(AttributeFairness),
  uncompared: z.array(z.object({ attribute: z.string(), reason: z.string() })),
  worstRatio: z.number().nullable(),
  worstTprRatio: z.number().nullable(),
  worstProxyAuc: z.number().nullable(),
  rows: z.number().int(),
  method: z.string(),
});
export type Fairness = z.infer<typeof Fairness>;
