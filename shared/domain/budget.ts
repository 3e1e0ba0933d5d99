import { z } from "zod";

/** Whose spending a budget limits; `everyone` is the whole installation. */
export const BudgetScope = z.enum(["request", "user", "team", "everyone"]);
export type BudgetScope = z.infer<typeof BudgetScope>;

/** The calendar span (UTC) a limit holds for; weeks start on Monday; `total` never starts anew. */
export const BudgetPeriod = z.enum(["day", "week", "month", "quarter", "total"]);
export type BudgetPeriod = z.infer<typeof BudgetPeriod>;

/**
 * A limit in USD. `subject`: the request's id, the person's or the team's; null: each one of the scope separately
 * (a limit every user has); always null for `everyone`.
 */
export const Budget = z.object({
  id: z.string().min(1),
  scope: BudgetScope,
  subject: z.string().nullable(),
  period: BudgetPeriod,
  limitUsd: z.number().nonnegative(),
});
export type Budget = z.infer<typeof Budget>;

/**
 * A line of the ledger. A reservation is open until its run ends; it is then replaced by what was spent.
 * `id` is the reservation's; a settled one has `state` spent.
 */
export const Spend = z.object({
  id: z.string().min(1),
  state: z.enum(["reserved", "spent"]),
  usd: z.number().nonnegative(),
  request: z.string(),
  person: z.string(),
  team: z.string().nullable(),
  at: z.iso.datetime(),
});
export type Spend = z.infer<typeof Spend>;

/** What was set aside for work that is still to be done: its limits, and what it's expected to take. */
export const ReservedWork = z.object({
  reservation: z.string(),
  limitUsd: z.number(),
  limitCpuSeconds: z.number(),
  limitMemoryMb: z.number(),
  estimatedUsd: z.number(),
  estimatedCpuSeconds: z.number(),
});

/** How one budget stands; `remainsUsd` is never below 0. */
export const BudgetState = z.object({
  budget: Budget,
  spentUsd: z.number(),
  reservedUsd: z.number(),
  remainsUsd: z.number().nonnegative(),
});
export type BudgetState = z.infer<typeof BudgetState>;

/** What a budget check answers: what is reserved (USD), and how every budget that applies stood before. */
export const Reservation = z.object({ reservedUsd: z.number().nonnegative(), budgets: z.array(BudgetState) });
export type Reservation = z.infer<typeof Reservation>;
