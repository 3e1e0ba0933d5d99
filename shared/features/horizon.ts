import type { ColumnType } from "../domain/dataset.ts";
import type { Horizon } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import { quoteLiteral } from "../warehouse/quote.ts";

const DAY_MS = 86_400_000;

/** The moment of an ISO date (`2026-07-01`, UTC midnight) or date-time. `invalid_input` for anything else. */
export function momentOf(iso: string): Date {
  const date = new Date(iso);
  if (!/^\d{4}-\d{2}-\d{2}/.test(iso) || Number.isNaN(date.getTime())) {
    throw fault("invalid_input", "a cutoff is no ISO date; write it as 2026-07-01");
  }
  return date;
}

/** The UTC date of a moment as `2026-07-01`. */
export const dateOf = (moment: Date): string => moment.toISOString().slice(0, 10);

/** SQL for a moment, to the millisecond. */
export const timestampSql = (moment: Date): string =>
  `TIMESTAMP ${quoteLiteral(moment.toISOString().slice(0, 23).replace("T", " "))}`;

/** A moment so many days later (24 hours each; negative: earlier). */
export const addDays = (moment: Date, days: number): Date => new Date(moment.getTime() + days * DAY_MS);

/** A moment so many calendar months later (negative: earlier), the day clamped to the month's last. */
export function addMonths(moment: Date, months: number): Date {
  const first = new Date(moment);
  first.setUTCDate(1);
  first.setUTCMonth(first.getUTCMonth() + months);
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(moment.getUTCDate(), last));
  return first;
}

/** The moment one horizon later, or `times` of them (negative: earlier); months and quarters by the calendar. */
export function addHorizon(moment: Date, horizon: Horizon, times = 1): Date {
  const count = horizon.count * times;
  switch (horizon.unit) {
    case "day":
      return addDays(moment, count);
    case "week":
      return addDays(moment, 7 * count);
    case "month":
      return addMonths(moment, count);
    case "quarter":
      return addMonths(moment, 3 * count);
  }
}

/** When the label of a cutoff is known: the window's end plus the longer of label delay and grace, in days. */
export const knownAt = (cutoff: Date, horizon: Horizon, delayDays: number): Date =>
  addDays(addHorizon(cutoff, horizon), delayDays);

/** The first moment of the calendar quarter of a year; quarter 1..4. */
export const quarterStart = (year: number, quarter: number): Date => new Date(Date.UTC(year, 3 * (quarter - 1), 1));

/**
 * Until when events are complete by the data's now: to the end of its day, which is taken to be whole; where events have
 * a day and no hour, that day's own midnight, since an event of the next day would bear the moment at which this one ends.
 */
export const completeUntil = (now: Date, time: ColumnType): Date =>
  time === "date" ? momentOf(dateOf(now)) : addDays(momentOf(dateOf(now)), 1);
