import {
  type Expectation,
  type ExpectationResult,
  type Rule,
  validationOf,
} from "@muster/shared/domain/expectation.ts";
import type { ColumnProfile, Profile } from "@muster/shared/domain/profile.ts";
import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { freshnessOf, type Period, periodWords } from "./freshness.ts";

/** What check_dataset binds on from the first version on; `dialect`: what the queries that show rows are written in. */
export type AbsoluteOptions = {
  dialect: Dialect;
  /** The key column that somebody named; without, one is looked for by name. */
  key?: string | null;
  /** The event time column, null without. */
  time: string | null;
  /** What "now" is: the newest event time of the scope, ISO 8601; null where it isn't known. */
  now: string | null;
  /** Freshness as in dbt. Without it the age is only reported. */
  warnAfter?: Period | null;
  errorAfter?: Period | null;
  /** Largest share of rows that equal an earlier row. Default 0.05. */
  duplicateShare?: number;
};

/** A check's result, with the query that shows the failing rows: no value stands in it. Null where no row can be shown. */
export type AbsoluteResult = ExpectationResult & {
  check: "rows" | "columns" | "values" | "key" | "duplicates" | "freshness" | "future" | "parse";
  rows: string | null;
};

/** The outcome: `passed` unless a check with severity `error` failed. */
export type AbsoluteReport = {
  passed: boolean;
  freshness: "pass" | "warn" | "error" | null;
  results: AbsoluteResult[];
};

const DUPLICATE_SHARE = 0.05;
/** A text column of which so much, but not all, reads as numbers or dates holds damaged cells. */
const MOSTLY_READABLE = 0.9;

/** Whether a column's name says that it is the key of this table: `id`, `<table>_id`, `<table>ID`, `<table>_key` …. */
function namesKey(dataset: string, column: string): boolean {
  const flat = column.toLowerCase().replace(/[^a-z0-9]/g, "");
  const stem = dataset.replace(/_/g, "");
  const stems = ["", stem, stem.replace(/ies$/, "y"), stem.replace(/s$/, ""), stem.replace(/es$/, "")];
  return stems.some((s) => ["id", "key", "uuid"].some((end) => flat === s + end));
}

function findKey(profile: Profile): ColumnProfile | null {
  return profile.columns.find((c) => namesKey(profile.dataset, c.name) && c.type !== "boolean") ?? null;
}

function result(
  check: AbsoluteResult["check"],
  expectation: Expectation,
  success: boolean,
  observed: Partial<ExpectationResult["observed"]>,
  rows: string | null = null,
): AbsoluteResult {
  return {
    check,
    expectation,
    success,
    observed: { evaluated: 0, unexpected: 0, value: null, reason: null, ...observed },
    rows: success ? null : rows,
  };
}
const expect = (severity: Expectation["severity"], because: string, rule: Rule): Expectation => ({
  ...rule,
  severity,
  because,
});

function shape(profile: Profile): AbsoluteResult[] {
  const { rows, columns } = profile;
  const empty = columns.filter((c) => c.nulls === rows).length;
  const atLeastOne = { min_value: 1, max_value: null };
  const rowCount = expect("error", "nothing can be learnt from no rows", {
    type: "expect_table_row_count_to_be_between",
    kwargs: atLeastOne,
  });
  const columnCount = expect("error", "nothing can be learnt from no columns", {
    type: "expect_table_column_count_to_be_between",
    kwargs: atLeastOne,
  });
  const values = expect("error", `${empty} of ${columns.length} columns hold no value`, {
    type: "expect_table_column_count_to_be_between",
    kwargs: atLeastOne,
  });
  return [
    result("rows", rowCount, rows > 0, { evaluated: rows, value: rows }),
    result("columns", columnCount, columns.length > 0, { value: columns.length }),
    result("values", values, columns.length > empty, { value: columns.length - empty }),
  ];
}

function keyUnique(profile: Profile, named: string | null): AbsoluteResult[] {
  const key = named === null ? findKey(profile) : profile.columns.find((c) => c.name === named);
  if (key === null) return [];
  const column = key?.name ?? named!;
  const because = named === null ? "named as the key of this table" : "declared as the key";
  const rule: Rule = { type: "expect_column_values_to_be_unique", kwargs: { column, mostly: 1 } };
  // Rows loaded twice repeat their key too: that is fewDuplicates' to judge, and here only a warning.
  const copiesOnly = key
    ? profile.rows - key.nulls - key.distinct <= profile.duplicates.rows && key.nulls === 0
    : false;
  const expectation = expect(copiesOnly ? "warn" : "error", because, rule);
  if (!key) return [result("key", expectation, false, { reason: "the key column isn't there" })];
  const there = profile.rows - key.nulls;
  const unexpected = there - key.distinct + key.nulls;
  const [c, from] = [quoteIdent(column), quoteIdent(profile.dataset)];
  const query = `SELECT * FROM ${from} WHERE ${c} IS NULL OR ${c} IN (SELECT ${c} FROM ${from} GROUP BY ${c} HAVING count(*) > 1)`;
  return [result("key", expectation, unexpected === 0, { evaluated: profile.rows, unexpected }, query)];
}

function fewDuplicates(profile: Profile, limit: number): AbsoluteResult {
  const { rows, share } = profile.duplicates;
  const rule: Rule = {
    type: "expect_compound_columns_to_be_unique",
    kwargs: { column_list: profile.columns.map((c) => c.name), mostly: 1 - limit },
  };
  const because = `at most ${100 * limit} % of the rows may equal an earlier row`;
  const all = profile.columns.map((c) => quoteIdent(c.name)).join(", ");
  const query = `SELECT ${all}, count(*) AS copies FROM ${quoteIdent(profile.dataset)} GROUP BY ${all} HAVING count(*) > 1`;
  return result(
    "duplicates",
    expect("error", because, rule),
    share <= limit,
    { evaluated: profile.rows, unexpected: rows },
    query,
  );
}

function fresh(
  profile: Profile,
  options: AbsoluteOptions,
): { results: AbsoluteResult[]; status: AbsoluteReport["freshness"] } {
  const { time, now, warnAfter = null, errorAfter = null } = options;
  if (time === null) return { results: [], status: null };
  const newest = profile.columns.find((c) => c.name === time)?.time?.max ?? null;
  const rule = (min: string | null, max: string | null): Rule => {
    return {
      type: "expect_column_values_to_be_between",
      kwargs: { column: time, min_value: min, max_value: max, mostly: 1 },
    };
  };
  if (newest === null) {
    const expectation = expect("error", "freshness is read from the event time", rule(null, null));
    return {
      results: [result("freshness", expectation, false, { reason: "the time column holds no time" })],
      status: "error",
    };
  }
  if (now === null) return { results: [], status: null };
  const judged = freshnessOf({ newest, now, warnAfter, errorAfter });
  const status = judged.status === "runtime error" ? "error" : judged.status;
  const ageHours = judged.ageHours!;
  const because = `age in hours of the newest row; warn after ${periodWords(warnAfter)}, error after ${periodWords(errorAfter)}`;
  const severity = status === "warn" ? "warn" : "error";
  const age = result("freshness", expect(severity, because, rule(null, now)), status === "pass", {
    evaluated: profile.rows,
    value: ageHours,
  });
  // A day of grace: dates without a clock, and time zones.
  const ahead = result(
    "future",
    expect("warn", "events lie before now", rule(null, now)),
    ageHours >= -24,
    { evaluated: profile.rows, value: ageHours },
    `SELECT * FROM ${quoteIdent(profile.dataset)} ORDER BY ${quoteIdent(time)} DESC`,
  );
  return { results: [age, ahead], status };
}

function parses(c: ColumnProfile, profile: Profile, dialect: Dialect): AbsoluteResult[] {
  const there = profile.rows - c.nulls;
  const found: AbsoluteResult[] = [];
  const regexes = {
    number: "^\\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\\s*$",
    date: "^\\s*[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ].*)?\\s*$",
  };
  for (const [kind, regex] of Object.entries(regexes)) {
    const share = c.text?.readable[kind as keyof typeof regexes] ?? 0;
    if (share < MOSTLY_READABLE || share === 1) continue;
    const unexpected = Math.round(there * (1 - share));
    const because = `${(100 * share).toPrecision(4)} % of the texts read as a ${kind}`;
    const rule: Rule = { type: "expect_column_values_to_match_regex", kwargs: { column: c.name, regex, mostly: 1 } };
    const query = `SELECT * FROM ${quoteIdent(profile.dataset)} WHERE NOT ${dialect.matches(quoteIdent(c.name), quoteLiteral(regex))}`;
    found.push(result("parse", expect("warn", because, rule), false, { evaluated: there, unexpected }, query));
  }
  return found;
}

/**
 * The checks that bind on any version, also the first: rows and columns are there and hold values, the key is unique and
 * complete, few rows are exact copies, the newest event isn't late, times don't lie ahead of now, and texts that are
 * nearly all numbers or dates are reported. Computed from the profile: no further scan.
 */
export function absoluteChecks(profile: Profile, options: AbsoluteOptions): AbsoluteReport {
  const { results: timely, status } = fresh(profile, options);
  const results = [
    ...shape(profile),
    ...keyUnique(profile, options.key ?? null),
    fewDuplicates(profile, options.duplicateShare ?? DUPLICATE_SHARE),
    ...timely,
    ...profile.columns.flatMap((c) => parses(c, profile, options.dialect)),
  ];
  const { success } = validationOf(profile.dataset, profile.version, results);
  return { passed: success, freshness: status, results };
}
