import type { ColumnType } from "../domain/dataset.ts";

/**
 * SQL that the engines of datasets say differently; every argument and result is the text of an expression. Write what both
 * understand as it is (`CAST(x AS DOUBLE PRECISION)`, `count(*) FILTER (WHERE …)`, `extract(isodow FROM t)`, `md5(t)`,
 * `stddev_samp`, `corr`, `ROW(…)`, `power`, `translate`) and take the rest from here. A new engine is one file of these.
 *
 * Columns stand in storage types on either engine: integers as int64, numbers as finite doubles or missing, times as UTC
 * timestamps without a zone, dates finite, text compared byte by byte. `where` is a condition on the aggregated rows.
 */
export type Dialect = {
  name: "duckdb" | "postgres";
  /** A double, with NaN and infinities as missing. */
  finite(double: string): string;
  /** a − b of doubles, missing where it isn't finite. */
  subtract(a: string, b: string): string;
  /** a ÷ b of doubles, missing where b is 0 or the quotient isn't finite. */
  divide(a: string, b: string): string;
  /** Microseconds since 1970 UTC (int64) of a date or timestamp. */
  micros(time: string): string;
  /** The timestamp of microseconds since 1970 UTC (int64). */
  timestamp(micros: string): string;
  /** A timestamp's second since 1970, fractions included, as a double. */
  seconds(time: string): string;
  /** A part of a date or timestamp as a double; weekday 1 (Monday) to 7. */
  part(part: "year" | "quarter" | "month" | "day" | "weekday" | "hour" | "minute", time: string): string;
  /** A value as text, the same on every engine: whole numbers without a point, `true`, `2026-11-21`, `2026-11-21 10:00:00.5`. Fractions beyond 1e15 may be written differently. */
  text(value: string, type: ColumnType): string;
  /** A text read as a number (double), white space around it aside; missing where it isn't a finite one. */
  number(text: string): string;
  /** Characters of a text, as the double of an integer. */
  length(text: string): string;
  /** Whether a text has characters beyond ASCII. */
  beyondAscii(text: string): string;
  /** Lower case, beyond ASCII too. */
  lower(text: string): string;
  /** How many runs of anything but ASCII white space a text has (integer). */
  words(text: string): string;
  /** Whether a part of a text matches; `regex` is an expression. Keep to what RE2 and PostgreSQL's both know: no `\p{…}`, no look-around. `.` never matches a new line. */
  matches(text: string, regex: string): string;
  /** Whether a whole text matches. */
  matchesWhole(text: string, regex: string): string;
  /** A text's shape: letters as `a` or `A`, digits as `9`, the rest as it is. */
  shape(text: string): string;
  /** SHA-256 of a text's UTF-8, lower-case hex. */
  sha256(text: string): string;
  /** A 64-bit hash of the values of a row; equal rows have equal ones, within one engine. */
  rowHash(values: readonly string[]): string;
  /** Sum of doubles; it doesn't show in which order rows were added. Missing without rows. `over`: ` OVER (…)` of a window. */
  sum(double: string, where?: string, over?: string): string;
  /** Mean of doubles, likewise. */
  mean(double: string, where?: string, over?: string): string;
  /** Quantiles of doubles at levels 0..1, linear between neighbours: a list (an array in results). Missing without rows. */
  quantiles(double: string, levels: readonly number[], where?: string): string;
  /** Adjusted Fisher–Pearson skewness of doubles; missing below three rows and where all are equal. */
  skewness(double: string, where?: string): string;
};

/** ` FILTER (WHERE …)`, or nothing. */
export const filtered = (where: string | undefined): string => (where === undefined ? "" : ` FILTER (WHERE ${where})`);

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const MASKED = `${LETTERS}${LETTERS.toUpperCase()}0123456789`;

/** The shape of a text's ASCII characters, alike on every engine. */
export const asciiShape = (text: string): string =>
  `translate(${text}, '${MASKED}', '${MASKED.replace(/[a-z]/g, "a").replace(/[A-Z]/g, "A").replace(/[0-9]/g, "9")}')`;

/** What a text must look like to be read as a number. */
export const NUMBER_REGEX = "'^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,4})?$'";

/** A finite double's text, where whole numbers are written without a point. Below 1e16 each of them is an int64. */
export const numberText = (value: string): string =>
  `CASE WHEN ${value} = trunc(${value}) AND abs(${value}) < 1e16 THEN CAST(CAST(${value} AS BIGINT) AS VARCHAR) ELSE CAST(${value} AS VARCHAR) END`;

/** SQL's names of the parts of a time. */
export const PART_NAMES = {
  year: "year",
  quarter: "quarter",
  month: "month",
  day: "day",
  weekday: "isodow",
  hour: "hour",
  minute: "minute",
} as const;
