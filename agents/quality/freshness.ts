import { z } from "zod";

/** A span after which data count as late, as in dbt. */
export const Period = z.object({
  count: z.number().int().positive().max(100_000),
  period: z.enum(["minute", "hour", "day", "week"]),
});
export type Period = z.infer<typeof Period>;

const HOURS = { minute: 1 / 60, hour: 1, day: 24, week: 168 };

/** What freshness is judged by: the newest time that the data hold, now, and after how long they are late. */
export type Freshness = {
  newest: string | null;
  now: string;
  warnAfter: Period | null;
  errorAfter: Period | null;
};

/** How old the newest row is and what that comes to; `runtime error` where the data hold no time to tell it by. */
export function freshnessOf({ newest, now, warnAfter, errorAfter }: Freshness): {
  status: "pass" | "warn" | "error" | "runtime error";
  ageHours: number | null;
} {
  if (newest === null) return { status: "runtime error", ageHours: null };
  const ageHours = (Date.parse(now) - Date.parse(newest)) / 3_600_000;
  const late = (limit: Period | null) => limit !== null && ageHours > limit.count * HOURS[limit.period];
  return { status: late(errorAfter) ? "error" : late(warnAfter) ? "warn" : "pass", ageHours };
}

/** A span in words. */
export const periodWords = (limit: Period | null): string =>
  limit ? `${limit.count} ${limit.period}${limit.count === 1 ? "" : "s"}` : "never";
