import { z } from "zod";

/**
 * A column (`dataset.column`) that tells the target because it was known only with it or after it. `by`: `strength`, alone
 * it tells the target on training rows; `part`, the target is made of it; `name`, it is named after the target and tells
 * much of it; `timing`, it was written after its row was known. `number` shows it.
 */
export const ColumnLeak = z.object({
  column: z.string(),
  by: z.enum(["strength", "part", "name", "timing"]),
  reason: z.string(),
  number: z.number(),
});
export type ColumnLeak = z.infer<typeof ColumnLeak>;

/** The leaking columns of a problem, and those that a person confirmed to be known in time. */
export const Leakage = z.object({
  leaks: z.array(ColumnLeak),
  allowed: z.array(z.object({ column: z.string(), reason: z.string(), person: z.string() })),
});
export type Leakage = z.infer<typeof Leakage>;

/** The columns that a person allowed. */
export const allowedColumns = ({ allowed }: Leakage): Set<string> => new Set(allowed.map(({ column }) => column));

/**
 * The columns that nothing may learn from, with what shows it. What was written later isn't among them: as of a cutoff
 * some of it can be read, and whoever suggests features judges that.
 */
export function refusedColumns(leakage: Leakage): Map<string, ColumnLeak> {
  const allowed = allowedColumns(leakage);
  const refused = leakage.leaks.filter(({ column, by }) => by !== "timing" && !allowed.has(column));
  return new Map(refused.map((leak) => [leak.column, leak]));
}
