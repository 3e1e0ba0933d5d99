import type { ColumnType } from "../domain/dataset.ts";
import { numberPattern } from "./cells.ts";
import { quoteList, quoteLiteral } from "./quote.ts";

/**
 * One way to read a column of text. A cell can be read so when all of it matches `pattern` and not `not` (both mean the
 * same in RE2 and in JavaScript) and, where `checked`, `value` isn't null. `value` is SQL over a text without blanks around
 * it; `strict` where it is null for whatever stands for a missing cell. `order` marks the readings that differ only in day
 * and month; `bare` those that JSON's quoted texts aren't read in.
 */
export type Reading = {
  name: string;
  type: ColumnType;
  pattern: string;
  not?: string;
  checked: boolean;
  strict?: boolean;
  value: (v: string) => string;
  order?: "month first" | "day first";
  note?: string;
  bare?: boolean;
};

/** SQL that says whether a trimmed, non-missing text can be read so. */
export function matches(reading: Reading, v: string): string {
  const full = (pattern: string) => `regexp_full_match(${v}, ${quoteLiteral(pattern)})`;
  const parts = [full(reading.pattern)];
  if (reading.not) parts.push(`NOT ${full(reading.not)}`);
  if (reading.checked) parts.push(`${reading.value(v)} IS NOT NULL`);
  return parts.join(" AND ");
}

/** The readings whose patterns take every one of some trimmed, non-missing texts. */
export function sieve(all: readonly Reading[], texts: Iterable<string>): Reading[] {
  const tests = all.map(({ pattern, not }) => ({
    takes: new RegExp(`^(?:${pattern})$`),
    refuses: not === undefined ? null : new RegExp(`^(?:${not})$`),
  }));
  let left = all.map((_, i) => i);
  for (const text of texts) {
    left = left.filter((i) => tests[i]!.takes.test(text) && !tests[i]!.refuses?.test(text));
    if (left.length === 0) break;
  }
  return left.map((i) => all[i]!);
}

const INFINITE = "[+-]?(inf|Inf|INF|infinity|Infinity)";
/** A leading zero, or more digits than a number can hold: an id. */
const CODE = "[+-]?0[0-9]+|[+-]?[0-9]{19,}";
const asNumber = (v: string) => `TRY_CAST(${v} AS DOUBLE)`;

const numbers: Reading[] = [
  {
    name: "boolean",
    type: "boolean",
    pattern: "true|false|True|False|TRUE|FALSE",
    checked: false,
    value: (v) => `(lower(${v}) = 'true')`,
    bare: true,
  },
  {
    name: "integer",
    type: "integer",
    pattern: "[+-]?(0|[1-9][0-9]{0,18})",
    checked: true,
    value: (v) => `TRY_CAST(${v} AS BIGINT)`,
    strict: true,
    bare: true,
  },
  {
    name: "number",
    type: "number",
    pattern: `${numberPattern}|${INFINITE}`,
    not: CODE,
    checked: false,
    value: (v) => `CASE WHEN isfinite(${asNumber(v)}) THEN ${asNumber(v)} END`,
    strict: true,
    bare: true,
  },
];

const commaDecimal: Reading = {
  name: "number with decimal comma",
  type: "number",
  pattern: "[+-]?([0-9]{1,3}([.][0-9]{3})+|[0-9]+)(,[0-9]+)?",
  not: `${CODE}|[+-]?0[0-9].*`,
  checked: true,
  value: (v) => asNumber(`replace(replace(${v}, '.', ''), ',', '.')`),
  note: "the comma was read as decimal sign",
  bare: true,
};

const commaGroup: Reading = {
  name: "number with group comma",
  type: "number",
  pattern: "[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)([.][0-9]+)?",
  not: `${CODE}|[+-]?0[0-9].*`,
  checked: true,
  value: (v) => asNumber(`replace(${v}, ',', '')`),
  note: "the comma was read as thousands sign",
  bare: true,
};

const ISO_DAY = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}";
const CLOCK = "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?";
const OFFSET = " ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)";

const iso: Reading[] = [
  { name: "ISO date", type: "date", pattern: ISO_DAY, checked: true, value: (v) => `TRY_CAST(${v} AS DATE)` },
  {
    name: "ISO time",
    type: "timestamp",
    pattern: `${ISO_DAY}([T ]${CLOCK})?`,
    checked: true,
    value: (v) => `TRY_CAST(${v} AS TIMESTAMP)`,
  },
  {
    name: "ISO time with offset",
    type: "timestamp",
    pattern: `${ISO_DAY}[T ]${CLOCK}(${OFFSET})?`,
    checked: true,
    // DuckDB reads an offset in the form ±hh:mm only, and drops it from a type without time zone.
    value: (v) =>
      `(TRY_CAST(regexp_replace(${v}, ' ?([+-][0-9]{2})([0-9]{2})$', '\\1:\\2') AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`,
    note: "times with an offset are stored as UTC",
  },
];

const times = ["", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p"];

function dated(name: string, day: string, pattern: string, order?: Reading["order"]): Reading[] {
  const parsed = (formats: string[]) => (v: string) => `try_strptime(${v}, ${quoteList(formats)})`;
  const dateOf = (v: string) => `${parsed([day])(v)}::DATE`;
  const moments = times.map((time) => day + time);
  const timed = `${pattern}( ${CLOCK}( ?[AaPp][Mm])?)?`;
  return [
    { name, type: "date", pattern, checked: true, value: dateOf, order },
    { name: `${name}, with time`, type: "timestamp", pattern: timed, checked: true, value: parsed(moments), order },
  ];
}

const written: Reading[] = [
  ...dated("date with slashes, year first", "%Y/%m/%d", "[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"),
  ...dated("date with slashes, month first", "%m/%d/%Y", "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "month first"),
  ...dated("date with slashes, day first", "%d/%m/%Y", "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "day first"),
  ...dated("date with points", "%d.%m.%Y", "[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}"),
  ...dated("date with dashes, month first", "%m-%d-%Y", "[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", "month first"),
  ...dated("date with dashes, day first", "%d-%m-%Y", "[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", "day first"),
];

/**
 * The readings of a text column, the first that fits all cells wins: boolean (true/false only; yes/no stay categories),
 * integer and number (a leading zero or 19 digits make it a code, which stays text), dates and times (ISO, with slashes,
 * points or dashes, day or month first). A later reading of a family takes what an earlier one takes. Between commas a
 * comma can't be a decimal sign.
 */
export const readings = (delimiter: string): Reading[] => [
  ...numbers,
  ...(delimiter === "," ? [commaGroup] : [commaDecimal, commaGroup]),
  ...iso,
  ...written,
];
