import { asciiShape, type Dialect, filtered, NUMBER_REGEX, numberText, PART_NAMES } from "../dialect.ts";

const finite = (x: string) => `CASE WHEN isfinite(${x}) THEN ${x} END`;
const double = (x: string) => `CAST(${x} AS DOUBLE PRECISION)`;

/** DuckDB's way of saying it. Sums and means are compensated (Kahan), so that the order of threads shows in the last digits at most. */
export const duckdb: Dialect = {
  name: "duckdb",
  finite,
  subtract: (a, b) => finite(`(${a} - ${b})`),
  divide: (a, b) => finite(`(${a} / NULLIF(${b}, 0))`),
  micros: (time) => `epoch_us(CAST(${time} AS TIMESTAMP))`,
  timestamp: (micros) => `make_timestamp(${micros})`,
  seconds: (time) => `epoch(CAST(${time} AS TIMESTAMP))`,
  part: (part, time) => double(`extract(${PART_NAMES[part]} FROM CAST(${time} AS TIMESTAMP))`),
  text: (value, type) => (type === "number" ? numberText(value) : `CAST(${value} AS VARCHAR)`),
  number: (text) =>
    finite(`CASE WHEN regexp_matches(trim(${text}), ${NUMBER_REGEX}) THEN TRY_CAST(trim(${text}) AS DOUBLE) END`),
  length: (text) => double(`length(${text})`),
  beyondAscii: (text) => `strlen(${text}) <> length(${text})`,
  lower: (text) => `lower(${text})`,
  words: (text) => `len(regexp_extract_all(${text}, '[^\\t\\n\\f\\r ]+'))`,
  matches: (text, regex) => `regexp_matches(${text}, ${regex})`,
  matchesWhole: (text, regex) => `regexp_full_match(${text}, ${regex})`,
  // Letters of other scripts cost a regular expression, so only texts that hold some pay for it.
  shape: (text) =>
    `CASE WHEN strlen(${text}) = length(${text}) THEN ${asciiShape(text)} ELSE regexp_replace(regexp_replace(${asciiShape(text)}, '\\p{L}', 'a', 'g'), '\\p{N}', '9', 'g') END`,
  sha256: (text) => `sha256(${text})`,
  rowHash: (values) => `hash(${values.join(", ")})`,
  sum: (x, where, over = "") => `fsum(${x})${filtered(where)}${over}`,
  mean: (x, where, over = "") => `favg(${x})${filtered(where)}${over}`,
  quantiles: (x, levels, where) => `quantile_cont(${x}, [${levels.join(", ")}])${filtered(where)}`,
  skewness: (x, where) => `skewness(${x})${filtered(where)}`,
};
