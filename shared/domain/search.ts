import { z } from "zod";
import { Candidate, TrainingOptions } from "./model.ts";

/**
 * What a search for settings may use, its final training included. `trials`: settings tried beside the constant and the linear
 * model; with a seed they are the same each time, as long as neither CPU-seconds nor USD end the search before.
 */
export const SearchBudget = z.object({
  trials: z.number().int().min(1).max(1000).default(27).describe("settings to try"),
  cpuSeconds: z.number().positive().optional().describe("CPU-seconds for search and final training together"),
  usd: z.number().positive().optional().describe("USD for search and final training together"),
});
export type SearchBudget = z.infer<typeof SearchBudget>;

/** A line of a search's leaderboard: a setting that was scored on every fold. `se`: of the mean over folds, null for one fold. */
export const TriedSetting = z.object({
  trial: z.number().int().nonnegative(),
  algorithm: z.string(),
  parameters: Candidate.shape.parameters,
  mean: z.number(),
  se: z.number().nullable(),
  cpuSeconds: z.number().nonnegative(),
});
export type TriedSetting = z.infer<typeof TriedSetting>;

/** A budget in settings, and the CPU-seconds that they and the final training take. */
const Needed = z.object({ trials: z.number().int().nonnegative(), cpuSeconds: z.number().nonnegative() });

/**
 * What a search came to. `board`: settings that were scored on every fold, best first, the constant and the linear model among
 * them; those dropped earlier or stopped are counted, never ranked. `sufficient`: what would be enough for twice as many
 * settings to gain less than folds tell apart (`noise`), null where too few were tried to say.
 */
export const Search = z.object({
  search: z.string(),
  metric: z.string(),
  seed: z.number().int(),
  folds: z.number().int(),
  /** The best setting of each algorithm, the linear model and the constant: what is worth training. */
  candidates: z.array(Candidate),
  board: z.array(TriedSetting),
  trials: z.number().int(),
  dropped: z.number().int(),
  stopped: z.number().int(),
  /** Why trials (references among them) were stopped: kinds of reasons, each in the words of its first one. */
  stoppedFor: z.array(z.object({ trials: z.number().int(), why: z.string() })).optional(),
  /** Settings that were scored with fewer bins than they have, as their training would be, for want of memory. */
  fewerBins: z.number().int().optional(),
  /** What every setting was held to, by feature. Absent in searches from before it could be asked for. */
  options: TrainingOptions.optional(),
  /** References that the options rule out. */
  leftOut: z.array(z.object({ algorithm: z.string(), reason: z.string() })).optional(),
  /** Every setting was tried, or the next ones wouldn't have left room for the final training. */
  ended: z.enum(["trials", "budget"]),
  spentCpuSeconds: z.number(),
  /** What of the limit is left for the final training, in the request that searched. */
  left: z.object({ request: z.string().nullable(), cpuSeconds: z.number() }),
  necessary: Needed,
  sufficient: Needed.nullable(),
  gain: z.number().nullable(),
  noise: z.number().nullable(),
});
export type Search = z.infer<typeof Search>;
