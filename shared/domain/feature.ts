import { z } from "zod";
import { ColumnType, DatasetName } from "./dataset.ts";

/** Aggregates of a window over a related table. `count` needs no column. */
export const Aggregate = z.enum(["count", "sum", "mean", "min", "max", "distinct"]);

/** What of a text is told as a number: 1 or 0 for `has_…` and `is_…`, a share of its code points, or how many. */
export const TextPattern = z.enum([
  "has_digit",
  "has_url",
  "is_email",
  "is_url",
  "digit_share",
  "upper_share",
  "punctuation_share",
  "exclamations",
  "questions",
  "lines",
]);
export type TextPattern = z.infer<typeof TextPattern>;

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_ .:-]{0,126}$/);
/** Where bins end, lowest first. */
const edges = z
  .array(z.number())
  .min(1)
  .max(50)
  .refine((all) => all.every((edge, i) => i === 0 || edge > all[i - 1]!), "edges rise from one to the next");
/**
 * A table of the scope joined by key: `table.key = own row's localKey`. `via`: the own row's `localKey` names a row of
 * another table by its `key`, and that row's `column` names the rows of `table` (missing where several contradict).
 */
const related = {
  table: DatasetName,
  key: z.string(),
  localKey: z.string(),
  via: z.object({ table: DatasetName, key: z.string(), column: z.string() }).optional(),
};
/** Of the label's own table: what tells rows of one moment apart. Those with a lower value came before; others are left out. */
const ordered = { order: z.string().optional() };
/** A length in days; at least a microsecond, at most a century. */
const days = z
  .number()
  .min(1 / 86_400_000_000)
  .max(36_525);
const timed = { time: z.string(), arrived: z.string().nullable() };
/** The event and arrival time of a related table; null where it has none. */
const asOf = { time: z.string().nullable().default(null), arrived: z.string().nullable().default(null) };
/** Only rows whose column equals the value; `null`: only rows that miss it. */
const where = z
  .object({ column: z.string(), equals: z.union([z.string(), z.number(), z.boolean(), z.null()]) })
  .nullable();
/** The date of the same row with which the values are filled in: while it lies after the cutoff they read as missing. */
const filled = { filledBy: z.string().optional() };

/**
 * A typed feature: a frozen value, compiled to SQL for a dataset and evaluated row by row at serving; never free SQL.
 *
 * Own-row kinds read columns of the entity's own row and are computed at serving from raw input:
 * `column`, `date_part` (weekday 1 = Monday … 7, month and quarter from 1), `age_days` (cutoff, or `at` column, minus date),
 * `ratio` (missing where the denominator is 0), `difference`, `log` (ln(1 + x), missing below 0), `text_length` (code
 * points), `text_words`, `text_pattern` (shares are missing for empty text), `is_missing`, `bin` (how many of the edges lie at
 * or below the value: 0 below the first), `cross` (the category that two or three columns make together, joined by `|`,
 * missing where one of them is).
 * Kinds that need other rows are looked up by entity key at serving:
 * `lookup` (the newest row of another table known at the cutoff; missing where the newest rows contradict each other),
 * `lookup_age_days`, `lag` (the value of the `back`-th newest row; missing where rows of one moment contradict each other),
 * `window` (aggregate over (cutoff − w, cutoff] by event time and arrival ≤ cutoff; count, sum and distinct of no rows are
 * 0), `window_ratio` (a daily rate over the short window divided by that over the long one, missing where the long one is
 * 0), `recency_days` (days since the newest event known at the cutoff), `mean_ratio` (the own row's value divided by the mean of
 * the rows before it in (cutoff − w, cutoff]; over the own past only, missing without such rows and where their mean is 0).
 *
 * **Own past.** Where `table` is the label's own table and `time` its event time, the rows are those before the own row:
 * earlier ones, and of the same moment those with a lower `order` where one is given (without it they are left out, since
 * nothing says which came first). The own row itself is in a `window` and a `window_ratio`, because what they read of it is
 * known when it is scored (never the label); `lag`, `recency_days` and the mean of a `mean_ratio` look at the rows before it.
 *
 * `ahead` is of a forecast's rows alone, from the series' own units that end at or before the origin: the `step` ahead, the
 * target's `hour`, `weekday`, `day` or `month`; `season` (the value `back` seasons before the target, counted from the latest
 * that is known), `last` (the value `back` units before the origin), `mean` (of the last `back` units).
 *
 * Kinds that read labels use only those known by then: of rows whose event time plus delay lies at or before the cutoff,
 * and on training rows of training rows alone.
 * `label_rate` (mean of the label over rows of the same key in (cutoff − delay − w, cutoff − delay]; null: all history),
 * `target_mean` (mean of the label over training rows of the same category, drawn to the mean of all by `smoothing` rows;
 * where rows have a time those whose label was known by then, else those of other folds by the hash of the entity).
 *
 * A row may have been written to after it arrived. A date of a related row later than the cutoff always reads as missing;
 * one of the own row only where `filledBy` names it, since a planned date, like a renewal, is known beforehand.
 */
export const Feature = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("column"), name, column: z.string(), type: ColumnType, ...filled }),
  z.object({
    kind: z.literal("date_part"),
    name,
    column: z.string(),
    part: z.enum(["year", "month", "day", "weekday", "hour", "quarter"]),
    ...filled,
  }),
  z.object({ kind: z.literal("age_days"), name, column: z.string(), at: z.string().nullable(), ...filled }),
  z.object({ kind: z.literal("ratio"), name, numerator: z.string(), denominator: z.string(), ...filled }),
  z.object({ kind: z.literal("difference"), name, left: z.string(), right: z.string(), ...filled }),
  z.object({ kind: z.literal("log"), name, column: z.string(), ...filled }),
  z.object({ kind: z.literal("text_length"), name, column: z.string(), ...filled }),
  z.object({ kind: z.literal("text_words"), name, column: z.string(), ...filled }),
  z.object({ kind: z.literal("text_pattern"), name, column: z.string(), pattern: TextPattern, ...filled }),
  z.object({ kind: z.literal("is_missing"), name, column: z.string(), ...filled }),
  z.object({ kind: z.literal("bin"), name, column: z.string(), edges, ...filled }),
  z.object({ kind: z.literal("cross"), name, columns: z.array(z.string()).min(2).max(3), ...filled }),
  z.object({ kind: z.literal("lookup"), name, ...related, ...asOf, column: z.string(), type: ColumnType, ...filled }),
  z.object({ kind: z.literal("lookup_age_days"), name, ...related, ...asOf, column: z.string(), ...filled }),
  z.object({
    kind: z.literal("lag"),
    name,
    ...related,
    ...timed,
    column: z.string(),
    type: ColumnType,
    back: z.number().int().min(1).max(100),
    ...ordered,
    ...filled,
  }),
  z.object({
    kind: z.literal("window"),
    name,
    ...related,
    ...timed,
    aggregate: Aggregate,
    column: z.string().nullable(),
    /** Length of the window in days (fractions allowed: 10 minutes = 10/1440); null: all history. */
    days: days.nullable(),
    where,
    ...ordered,
    ...filled,
  }),
  z.object({
    kind: z.literal("window_ratio"),
    name,
    ...related,
    ...timed,
    aggregate: z.enum(["count", "sum"]),
    column: z.string().nullable(),
    shortDays: days,
    longDays: days,
    where,
    ...ordered,
    ...filled,
  }),
  z.object({ kind: z.literal("recency_days"), name, ...related, ...timed, ...ordered }),
  z.object({
    kind: z.literal("ahead"),
    name,
    of: z.enum(["step", "hour", "weekday", "day", "month", "season", "last", "mean"]),
    /** The series' column that earlier values are of; null where it is of the row's place in time, or counts rows. */
    column: z.string().nullable(),
    /** How many seasons or units back; the units that a mean is of. */
    back: z.number().int().min(1).max(10_000),
  }),
  z.object({
    kind: z.literal("mean_ratio"),
    name,
    ...related,
    ...timed,
    column: z.string(),
    /** How far back the mean looks; null: all history. */
    days: days.nullable(),
    ...ordered,
    ...filled,
  }),
  z.object({
    kind: z.literal("label_rate"),
    name,
    key: z.string(),
    days: days.nullable(),
    /** Days from a row's event to its label being known; at least the problem's own. */
    delayDays: days,
  }),
  z.object({
    kind: z.literal("target_mean"),
    name,
    column: z.string(),
    smoothing: z.number().nonnegative().max(1e6),
    /** As of `label_rate`, where rows have a time; null without. */
    delayDays: days.nullable(),
    /** How many folds, where rows have no time; null with. */
    folds: z.number().int().min(2).max(20).nullable(),
  }),
]);
export type Feature = z.infer<typeof Feature>;

/**
 * A feature view: which features, of which problem's entity, over which tables.
 * `hash` is SHA-256 of the canonical JSON of everything else; the SQL compiled from it is stored with it.
 */
export const FeatureView = z.object({
  hash: z.string(),
  name: z.string(),
  problem: z.string(),
  /** The table that holds the entity's own row. */
  dataset: DatasetName,
  entity: z.string().nullable(),
  features: z.array(Feature).min(1),
  /** The view that this one is proposed to be better than; a model of it is registered only once that is confirmed. */
  improves: z.string().optional(),
});
export type FeatureView = z.infer<typeof FeatureView>;

/**
 * Why a feature is suggested, measured on a sample of training rows: `number` as `because` says; `worth` (0..1): how far it
 * goes with the target alone, the larger of its rank measure's distance from chance (times the share of rows that have a
 * value) and the root of its share of the target's information; `noise`: what that stays below in 95 of 100 samples where
 * the target is shuffled. `above`: whether the worth is more than noise.
 */
export const FeatureReason = z.object({
  name: z.string(),
  because: z.string(),
  number: z.number().nullable(),
  worth: z.number().optional(),
  noise: z.number().optional(),
  above: z.boolean().optional(),
});
export type FeatureReason = z.infer<typeof FeatureReason>;

/**
 * Two features that say the same: `name` and `with`, which stands before it in the ranking. `by`: Pearson's correlation over
 * the rows that have both, or the share of their information that they have in common (bins of equal frequency).
 */
export const Redundancy = z.object({
  name: z.string(),
  with: z.string(),
  by: z.enum(["correlation", "information"]),
  number: z.number(),
});
export type Redundancy = z.infer<typeof Redundancy>;

/** The type of a feature's value in the matrix: a number (booleans are 0/1), or a category as text. */
export type FeatureValueType = "number" | "category";
