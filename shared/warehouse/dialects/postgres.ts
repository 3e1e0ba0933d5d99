import { asciiShape, type Dialect, filtered, NUMBER_REGEX, numberText, PART_NAMES } from "../dialect.ts";

const double = (x: string) => `CAST(${x} AS DOUBLE PRECISION)`;
const INFINITY = double("'Infinity'");
/** Doubles below have no full precision; a quotient that falls there counts as 0, for the server would refuse it. */
const SMALLEST = double("'2.3e-308'");
const LARGEST = double("'1.79e308'");

const finite = (x: string) => `CASE WHEN ${x} < ${INFINITY} AND ${x} > -${INFINITY} THEN ${x} END`;
const orZero = (x: string, y: string, condition: string) => `CASE WHEN ${condition} THEN ${x} ELSE ${y} END`;
/** A double as a decimal without loss: the cast itself keeps 15 digits only. */
const exact = (x: string) => `CAST(CAST(${x} AS text) AS numeric)`;
/** A decimal as a double, missing where it is too large for one and 0 where it is too small. */
const fromExact = (x: string) =>
  `CASE WHEN abs(${x}) > 1.79e308 THEN NULL WHEN abs(${x}) < 2.3e-308 THEN 0 ELSE CAST(${x} AS DOUBLE PRECISION) END`;
/** Collation of the database: the columns of a dataset are compared byte by byte, where only ASCII has letters. */
const inWords = (text: string) => `(${text}) COLLATE "default"`;
/** A regular expression in which `.` doesn't match a new line; its own options (`(?i)`) must stay in front. */
const regexOf = (regex: string, as: string) =>
  `regexp_replace(${regex}, '^(?:\\(\\?([imsx]+)\\))?(.*)$', '(?p\\1)${as}')`;

/**
 * PostgreSQL's way of saying it (15–18). Sums and means are exact: of decimals, whatever the order of rows. The server refuses
 * arithmetic on doubles that overflows or divides by zero, so bounds are looked at before.
 */
export const postgres: Dialect = {
  name: "postgres",
  finite,
  subtract: (a, b) =>
    `CASE WHEN sign(${a}) * sign(${b}) >= 0 OR (abs(${a}) < 8e307 AND abs(${b}) < 8e307) THEN ${a} - ${b} ELSE ${fromExact(`(${exact(a)} - ${exact(b)})`)} END`,
  divide: (a, b) =>
    `CASE WHEN ${b} = 0 THEN NULL WHEN abs(${b}) < 1 THEN ${orZero(`${a} / ${b}`, "NULL", `abs(${a}) < ${LARGEST} * abs(${b})`)} ELSE ${orZero("0", `${a} / ${b}`, `abs(${a}) < ${SMALLEST} * abs(${b})`)} END`,
  micros: (time) => `CAST(extract(epoch FROM CAST(${time} AS TIMESTAMP)) * 1000000 AS BIGINT)`,
  timestamp: (micros) => `(TIMESTAMP '1970-01-01' + (${micros}) * INTERVAL '1 microsecond')`,
  seconds: (time) => double(`extract(epoch FROM CAST(${time} AS TIMESTAMP))`),
  part: (part, time) => double(`extract(${PART_NAMES[part]} FROM CAST(${time} AS TIMESTAMP))`),
  text: (value, type) => (type === "number" ? numberText(value) : `CAST(${value} AS text)`),
  number: (text) => {
    const decimal = `CAST(trim(${text}) AS numeric)`;
    return `CASE WHEN length(${text}) <= 400 AND trim(${text}) ~ ${NUMBER_REGEX} THEN ${fromExact(decimal)} END`;
  },
  length: (text) => double(`length(${text})`),
  beyondAscii: (text) => `octet_length(${text}) <> length(${text})`,
  lower: (text) => `lower(${inWords(text)})`,
  words: (text) => `regexp_count(${text}, '[^\\t\\n\\f\\r ]+')`,
  matches: (text, regex) => `(${text} ~ ${regexOf(regex, "\\2")})`,
  matchesWhole: (text, regex) => `(${text} ~ ${regexOf(regex, "^(?:\\2)$")})`,
  shape: (text) =>
    `CASE WHEN octet_length(${text}) = length(${text}) THEN ${asciiShape(text)} ELSE regexp_replace(regexp_replace(${asciiShape(inWords(text))}, '[[:alpha:]]', 'a', 'g'), '[[:digit:]]', '9', 'g') END`,
  sha256: (text) => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`,
  rowHash: (values) => `hash_record_extended(ROW(${values.join(", ")}), 0)`,
  sum: (x, where, over = "") => fromExact(`sum(${exact(x)})${filtered(where)}${over}`),
  mean: (x, where, over = "") =>
    `${fromExact(`sum(${exact(x)})${filtered(where)}${over}`)} / NULLIF(count(${x})${filtered(where)}${over}, 0)`,
  quantiles: (x, levels, where) =>
    `percentile_cont(CAST(ARRAY[${levels.join(", ")}] AS DOUBLE PRECISION[])) WITHIN GROUP (ORDER BY ${x})${filtered(where)}`,
  skewness: (x, where) => skewness(exact(x), filtered(where)),
};

/** From exact power sums: with A = nΣx² − (Σx)² and B = n²Σx³ − 3nΣxΣx² + 2(Σx)³ it is B ÷ A^1.5 · √(n(n−1)) ÷ (n−2). */
function skewness(x: string, filter: string): string {
  const n = `CAST(count(${x})${filter} AS numeric)`;
  const [s1, s2, s3] = [x, `${x} * ${x}`, `${x} * ${x} * ${x}`].map((power) => `sum(${power})${filter}`);
  const a = `(${n} * ${s2} - ${s1} * ${s1})`;
  const b = `(${n} * ${n} * ${s3} - 3 * ${n} * ${s1} * ${s2} + 2 * ${s1} * ${s1} * ${s1})`;
  return `CASE WHEN ${n} > 2 AND ${a} > 0 THEN CAST(sign(${b}) * sqrt(${b} * ${b} / (${a} * ${a} * ${a}) * ${n} * (${n} - 1)) / (${n} - 2) AS DOUBLE PRECISION) END`;
}
