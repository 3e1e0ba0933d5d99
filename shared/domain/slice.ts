import { z } from "zod";
import { Figure } from "./fairness.ts";
import { Feature } from "./feature.ts";

/**
 * How a model is wrong. Classes, at the served threshold: `wrong`, binary also `missed` (a yes told as no) and `false_alarm`;
 * by the probability itself: `too_low` (a yes that got less than even odds) and `too_high` (a no that got as much or more).
 * Numbers: `wrong` (far off either way), `too_low`, `too_high`.
 */
export const ErrorKind = z.enum(["wrong", "missed", "false_alarm", "too_low", "too_high"]);
export type ErrorKind = z.infer<typeof ErrorKind>;

/**
 * Where a condition's column comes from. `feature`: the model reads it. `column`: a cleared column, or what a typed feature
 * makes of one, that the model doesn't read. `probe`: derived as of each row's cutoff from the rows before it.
 */
export const SliceSource = z.enum(["feature", "column", "probe"]);
export type SliceSource = z.infer<typeof SliceSource>;

const on = { column: z.string(), from: SliceSource };

/**
 * One condition of a slice. `in`: the category is one of `values`, each of which at least 20 rows have. `range`:
 * `low` ≤ number < `high`, null where that side is open; an edge has at least 20 rows on each side. `missing`: no value.
 */
export const SliceCondition = z.discriminatedUnion("op", [
  z.object({ op: z.literal("in"), ...on, values: z.array(z.string()).min(1) }),
  z.object({ op: z.literal("range"), ...on, low: z.number().nullable(), high: z.number().nullable() }),
  z.object({ op: z.literal("missing"), ...on }),
]);
export type SliceCondition = z.infer<typeof SliceCondition>;

/**
 * Rows on which a model is wrong more often than on the others, in one to three conditions that all hold.
 *
 * `rows`, `errors`, `rate` (errors ÷ rows) and `baseRate` (the rate of the rows outside) are over every row with an
 * out-of-fold answer. `expected`: the rate that the model's own probabilities lead to expect on these rows; `known`: whether
 * nothing shows that it is exceeded (hard rows, and the model says so; false: here it is mistaken). Both null for numbers.
 * `share`: of the rows that could be wrong this way (`missed`, and `too_low` of classes: the actual yes; `false_alarm`, `too_high`: the actual no; else all), how
 * many are, here and elsewhere.
 *
 * `confirmed` are the same figures on the rows that weren't used to find it: `effect` = rate − baseRate with its 95 %
 * interval, `pValue` two-sided over whole clusters, `adjusted` by Holm over everything that was put to the test.
 *
 * `words`: the slice and its figures in a sentence. `probes`: the typed features whose values the conditions on columns and
 * probes stand on, ready to register; what a protected attribute says is not among them.
 */
export const Slice = z.object({
  kind: ErrorKind,
  conditions: z.array(SliceCondition).min(1).max(3),
  rows: z.number().int(),
  errors: z.number().int(),
  rate: z.number(),
  baseRate: z.number(),
  expected: z.number().nullable(),
  known: z.boolean().nullable(),
  share: z.object({ errors: z.number().int(), of: z.number().int(), rate: z.number(), elsewhere: z.number() }),
  confirmed: z.object({
    rows: z.number().int(),
    errors: z.number().int(),
    rate: z.number(),
    baseRate: z.number(),
    effect: Figure,
    pValue: z.number(),
    adjusted: z.number(),
  }),
  words: z.string(),
  probes: z.array(Feature),
});
export type Slice = z.infer<typeof Slice>;

/**
 * Where a model is wrong: its confirmed slices, the strongest first; none where nothing could be confirmed. `slices`: wrong
 * more often than its own probabilities lead to expect (for numbers: than elsewhere). `hard`: wrong more often than
 * elsewhere, but no more than it says itself (`known`).
 * `rows` were judged out of fold, `errors` of them wrong; `farOff`: for numbers, from which distance an answer counts as
 * wrong. `tested`: slices that were put to the test. `searched`: how many features, columns and probes conditions were
 * looked for in; `leftOut` are those that weren't, with the reason. `split`: what the two halves are made of.
 */
export const ErrorSlices = z.object({
  run: z.string(),
  model: z.string(),
  slices: z.array(Slice),
  hard: z.array(Slice),
  rows: z.number().int(),
  errors: z.number().int(),
  farOff: z.number().nullable(),
  tested: z.number().int(),
  searched: z.object({ features: z.number().int(), columns: z.number().int(), probes: z.number().int() }),
  leftOut: z.array(z.object({ name: z.string(), reason: z.string() })),
  split: z.object({
    by: z.enum(["entity", "time", "row"]),
    discovery: z.number().int(),
    confirmation: z.number().int(),
  }),
  seed: z.number().int(),
});
export type ErrorSlices = z.infer<typeof ErrorSlices>;
