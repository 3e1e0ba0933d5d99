import { z } from "zod";

/** The roles a person can have; a person may have several. None includes another. */
export const RoleName = z.enum(["viewer", "analyst", "engineer", "approver", "admin"]);
export type RoleName = z.infer<typeof RoleName>;

/** What data are used for; a field of the request, never read from text. */
export const Purpose = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/);
export type Purpose = z.infer<typeof Purpose>;

/**
 * What must be done for a decision to hold, or what would turn a no into a yes.
 * `approval` names the role that has to approve; `drop` leaves the column out, `mask` pseudonymises it,
 * `aggregate` shows it in groups of at least so many rows only, `retention` names the days it may be kept.
 */
export const Obligation = z.object({
  kind: z.enum(["approval", "drop", "mask", "aggregate", "retention"]),
  detail: z.string().nullable(),
  policy: z.string(),
});
export type Obligation = z.infer<typeof Obligation>;

/**
 * The answer of the policies to one question.
 * `policies`: the ids of those that decided; empty when no policy permits. `facts`: what they were shown.
 * `why`: one sentence from the deciding policies' own reasons.
 */
export const Decision = z.object({
  allowed: z.boolean(),
  policies: z.array(z.string()),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  obligations: z.array(Obligation),
  why: z.string(),
});
export type Decision = z.infer<typeof Decision>;

/**
 * What a clearance lets a column be.
 * `feature`: may become one. `key`: pseudonymised, for joining, grouping, routing and the scored output.
 * `evaluate_only`: fairness. `none`: not read.
 */
export const ColumnRoleName = z.enum(["feature", "key", "evaluate_only", "none"]);
export type ColumnRoleName = z.infer<typeof ColumnRoleName>;

/**
 * The role of one column in one request, with its reason and the policies that decided.
 * `use` says what the problem itself reads the column for, beside its role: the `label`, the event or arrival `time`.
 * `compared`: a protected attribute that results may be compared by, in groups of at least so many rows; null otherwise.
 */
export const ColumnRole = z.object({
  dataset: z.string(),
  column: z.string(),
  role: ColumnRoleName,
  use: z.enum(["label", "time"]).nullable(),
  compared: z.number().int().positive().nullable(),
  reason: z.string(),
  policies: z.array(z.string()),
  obligations: z.array(Obligation),
});
export type ColumnRole = z.infer<typeof ColumnRole>;
