import { z } from "zod";
import { DatasetName } from "./dataset.ts";

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
 * How a row gets its label.
 * `column`: the value of a column of a flat table.
 * `ended`: an interval table (one row per contract: entity, start, end): the entity is active at the cutoff, and one
 * of its intervals ends inside (cutoff, cutoff + horizon] with no other one running then or starting within `graceDays`.
 */
export const LabelRule = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("column"), column: z.string(), positive: z.string().nullable() }),
  z.object({ kind: z.literal("ended"), start: z.string(), end: z.string(), graceDays: z.number().int().nonnegative() }),
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
  cutoffs: z.object({ training: z.array(z.string()), holdout: z.string().nullable(), scoring: z.string().nullable() }),
  horizon: Horizon.nullable(),
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
});
export type Problem = z.infer<typeof Problem>;
