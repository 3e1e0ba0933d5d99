/** Days are whole days since 1970-01-01 (UTC); moments are whole seconds since then. */
export const SECONDS_A_DAY = 86_400;

/** The day number of an ISO date. */
export const dayOf = (iso: string): number => Date.parse(`${iso}T00:00:00Z`) / 86_400_000;

const FIRST_DAY = dayOf("1930-01-01");
const DAY_TEXT = Array.from({ length: dayOf("2028-01-01") - FIRST_DAY }, (_, i) =>
  new Date((FIRST_DAY + i) * 86_400_000).toISOString().slice(0, 10),
);
const TWO_DIGITS = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, "0"));

/** The ISO date of a day number between 1930 and 2027. */
export const dateText = (day: number): string => DAY_TEXT[day - FIRST_DAY]!;

/** A moment as `YYYY-MM-DD HH:MM:SS`, UTC. */
export function momentText(moment: number): string {
  const day = Math.floor(moment / SECONDS_A_DAY);
  const second = moment - day * SECONDS_A_DAY;
  const hour = Math.floor(second / 3600);
  const minute = Math.floor((second - hour * 3600) / 60);
  return `${dateText(day)} ${TWO_DIGITS[hour]}:${TWO_DIGITS[minute]}:${TWO_DIGITS[second % 60]}`;
}

/** The first day of the quarter after the one that holds the day. */
export function nextQuarter(day: number): number {
  const date = new Date(day * 86_400_000);
  return Date.UTC(date.getUTCFullYear(), Math.floor(date.getUTCMonth() / 3) * 3 + 3, 1) / 86_400_000;
}

/** Whether the day is the first of a quarter. */
export const isQuarterStart = (day: number): boolean => nextQuarter(day - 1) === day;

/** The day `months` calendar months later, clamped to the month's last day. */
export function addMonths(day: number, months: number): number {
  const date = new Date(day * 86_400_000);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0)).getUTCDate();
  const wanted = Math.min(date.getUTCDate(), last);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, wanted) / 86_400_000;
}

/** First day with recorded usage, payments, tickets and card transactions. */
export const FROM = dayOf("2025-01-01");
/** Last day of the snapshot. */
export const TO = dayOf("2026-06-30");
/** Last day of the month that `nextMonth` appends. */
export const NEXT_TO = dayOf("2026-07-31");
/** The last second at which a row can have arrived to be in the snapshot. */
export const SNAPSHOT = (TO + 1) * SECONDS_A_DAY - 1;
/** The last second at which a row can have arrived to be in the next month's files. */
export const NEXT_SNAPSHOT = (NEXT_TO + 1) * SECONDS_A_DAY - 1;
