import { z } from "zod";
import { DatasetName } from "./dataset.ts";
import { OutsideModel } from "./outside-model.ts";

/** What is predicted, as a kind of answer. */
export const Task = z.enum(["binary", "multiclass", "regression"]);
export type Task = z.infer<typeof Task>;

/** A span of calendar time; `quarter` and `month` start on their calendar's first day. */
export const Horizon = z.object({
  count: z.number().int().positive(),
  unit: z.enum(["day", "week", "month", "quarter"]),
});
export type Horizon = z.infer<typeof Horizon>;

/**
 * A typed condition on a column of a table's rows: one of some values, a number within bounds (both included), or whether
 * it is missing. A missing value meets only `missing: true`.
 */
export const Condition = z.union([
  z.strictObject({
    column: z.string(),
    in: z
      .array(z.union([z.string(), z.number(), z.boolean()]))
      .min(1)
      .max(100),
  }),
  z.strictObject({ column: z.string(), atLeast: z.number().optional(), atMost: z.number().optional() }),
  z.strictObject({ column: z.string(), missing: z.boolean() }),
]);
export type Condition = z.infer<typeof Condition>;

/**
 * Who is asked about at a cutoff: each key with a row of `dataset` that meets `where` and was known then (`time` ≤ cutoff and
 * `arrived` ≤ cutoff), no older than `days` (null: however old). Without a `time` every row counts at every cutoff.
 */
export const Population = z.object({
  dataset: DatasetName,
  key: z.string(),
  time: z.string().nullable(),
  arrived: z.string().nullable(),
  days: z.number().int().positive().nullable(),
  where: z.array(Condition),
});
export type Population = z.infer<typeof Population>;

/** What of the rows of a window is added up; `last` is the newest one's value. */
export const WindowAggregate = z.enum(["count", "sum", "mean", "min", "max", "last"]);
export type WindowAggregate = z.infer<typeof WindowAggregate>;

/** The grid of a forecast series: hours, days, weeks from Monday, calendar months. */
export const SeriesUnit = z.enum(["hour", "day", "week", "month"]);
export type SeriesUnit = z.infer<typeof SeriesUnit>;

/** The events that a label counts: rows of the label's table by their event time that meet every condition. */
const events = { time: z.string(), where: z.array(Condition) };

/**
 * How a row gets its label. The window is (cutoff + gap, cutoff + gap + horizon].
 * `column`: the value of a column of a flat table.
 * `ended`: an interval table (one row per contract: entity, start, end): the entity is active at the cutoff, and one
 * of its intervals ends inside the window with no other one running then or starting within `graceDays`.
 * `occurs`: 1 where an event of the entity lies in the window; `first`: its very first one (who had one before, known or
 * not, is 0; who is known to have had one isn't in the population). `arrived`: when events were known, by which that is told.
 * `next`: the category in `column` of the entity's first event in the window, `noEvent` where it has none; rows whose first
 * events have several categories at one moment, or none, have no label.
 * `until`: days from the window's start to the entity's first event in it, its whole length where it has none (the
 * time is censored there: Royston and Parmar 2013, restricted mean survival time).
 * `value`: an aggregate of `column` over the entity's events in the window, multiplied row by row with `times` where given.
 * Count and sum of no rows are 0, the others have no label there; `last` has none where the newest rows contradict.
 * `forecast`: a row for each series, origin (the cutoff) and step ahead; its label is the aggregate of `column` over the
 * step's unit of time, [origin + gap + (step − 1) units, one unit later). A unit is known at an origin that it ends before
 * or with. Count and sum of no rows are 0, from the series' first unit on.
 */
export const LabelRule = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("column"), column: z.string(), positive: z.string().nullable() }),
  z.object({ kind: z.literal("ended"), start: z.string(), end: z.string(), graceDays: z.number().int().nonnegative() }),
  z.object({ kind: z.literal("occurs"), ...events, first: z.boolean(), arrived: z.string().nullable() }),
  z.object({ kind: z.literal("next"), ...events, column: z.string() }),
  z.object({ kind: z.literal("until"), ...events }),
  z.object({
    kind: z.literal("value"),
    ...events,
    aggregate: WindowAggregate,
    column: z.string().nullable(),
    times: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("forecast"),
    ...events,
    /** The column that tells series apart; null: one series. */
    series: z.string().nullable(),
    aggregate: z.enum(["count", "sum", "mean"]),
    column: z.string().nullable(),
    /** A column of hours to be added to a date. */
    hour: z.string().nullable(),
    unit: SeriesUnit,
    steps: z.number().int().min(1).max(400),
    /** Units after which the series repeats itself. */
    season: z.number().int().min(1),
  }),
]);
export type LabelRule = z.infer<typeof LabelRule>;

/**
 * How the sealed hold-out is fixed before anything relates a column to the target.
 * `last_cutoff`: the latest closed cutoff. `entities`: whole entities whose salted hash falls below `share`;
 * where the table has no entity key the entity is the row (by the hash of its content).
 * `last_time`: the rows of the last `share` of a flat table by its time column.
 */
export const HoldoutRule = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("last_cutoff"), cutoff: z.string() }),
  z.object({ kind: z.literal("entities"), share: z.number().gt(0).lt(1), salt: z.string() }),
  z.object({ kind: z.literal("last_time"), share: z.number().gt(0).lt(1), time: z.string() }),
]);
export type HoldoutRule = z.infer<typeof HoldoutRule>;

/**
 * A prediction problem: population, cutoffs, horizon, label rule and delay, task, metric, exclusions, hold-out rule.
 * Its hash (`hash`, SHA-256 of the canonical JSON without it) is what receipts are about.
 */
export const Problem = z.object({
  hash: z.string(),
  /** Slug of what is predicted ("churn"); names the model where it is free. */
  name: z.string(),
  /** The label's table. */
  dataset: DatasetName,
  /** Display name of the target: the label column, or the event's name. */
  target: z.string(),
  task: Task,
  /** The key column of the entity in the label's table; null: one row is one entity, without a name. */
  entity: z.string().nullable(),
  /** The event time of a flat table (validation and hold-out follow it), null without. */
  time: z.string().nullable(),
  /** ISO dates (UTC midnight). Empty: one unknown cutoff (flat table). */
  cutoffs: z.object({
    training: z.array(z.string()),
    holdout: z.string().nullable(),
    /** Of a forecast: the origins after `holdout` that are sealed with it. */
    sealed: z.array(z.string()).optional(),
    scoring: z.string().nullable(),
  }),
  horizon: Horizon.nullable(),
  /** Days between a cutoff and the start of its window, in which one can act; absent: none. */
  gapDays: z.number().int().nonnegative().optional(),
  /** Who is asked about, where the label's rule doesn't say it: of a flat table its rows, of intervals those running. */
  population: Population.optional(),
  label: LabelRule,
  /** Days after the window's end until a label is known. */
  labelDelayDays: z.number().int().nonnegative(),
  metric: z.enum(["roc_auc", "average_precision", "log_loss", "f1_macro", "accuracy", "rmse", "mae", "r2"]),
  /** Columns (`column` or `dataset.column`) that a person excluded. */
  exclusions: z.array(z.string()),
  holdout: HoldoutRule,
  /** Newest event time of the scope: what "now" means. */
  now: z.string().nullable(),
  /** One sentence that a business user can check. */
  sentence: z.string(),
  assumptions: z.array(z.string()),
  /** A model made outside that is to answer it, in the place of one that is trained. Absent: one is trained. */
  outside: OutsideModel.optional(),
});
export type Problem = z.infer<typeof Problem>;
