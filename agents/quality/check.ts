import type { Column, DatasetManifest } from "@muster/shared/domain/dataset.ts";
import {
  type Expectation,
  type ExpectationResult,
  type Rule,
  type Validation,
  validationOf,
} from "@muster/shared/domain/expectation.ts";
import { Fault } from "@muster/shared/fault.ts";
import { type Engine, quoteIdent, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";

/**
 * How a rule is measured in a scan. `values`: SQL that counts values looked at and values against the rule, judged by
 * `mostly`. `number`: SQL of one number, judged by bounds. `known`: decided by the schema alone. `impossible`: why not.
 */
type Measure =
  | { by: "values"; evaluated: string; unexpected: string; mostly: number }
  | { by: "number"; sql: string; min: number | null; max: number | null }
  | { by: "known"; success: boolean; value: number | null }
  | { by: "impossible"; reason: string };

/** Aggregates a query: the planner's time grows faster than their number. */
const RULES_A_SCAN = 200;

const isNumeric = (column: Column) => column.type === "integer" || column.type === "number";
const within = (value: number, min: number | null, max: number | null) =>
  (min === null || value >= min) && (max === null || value <= max);

function outside(column: Column, min: number | string | null, max: number | string | null): string | null {
  const c = quoteIdent(column.name);
  const parts: string[] = [];
  for (const [bound, operator] of [
    [min, "<"],
    [max, ">"],
  ] as const) {
    if (bound === null) continue;
    if (isNumeric(column) !== (typeof bound === "number")) return null;
    if (typeof bound === "number") parts.push(`${c} ${operator} ${bound}`);
    else if (column.type !== "date" && column.type !== "timestamp") return null;
    else if (Number.isNaN(Date.parse(bound))) return null;
    else parts.push(`${c} ${operator} TIMESTAMP ${quoteLiteral(new Date(bound).toISOString().slice(0, 23))}`);
  }
  return parts.length > 0 ? parts.join(" OR ") : "false";
}

function notIn(column: Column, set: readonly (string | number | boolean)[]): string {
  const c = quoteIdent(column.name);
  const numbers = set.map(Number);
  if (isNumeric(column) && numbers.every(Number.isFinite)) return `${c} NOT IN (${numbers.join(", ")})`;
  return `${c}::VARCHAR NOT IN (${set.map((v) => quoteLiteral(String(v))).join(", ")})`;
}

function measure(rule: Rule, columns: ReadonlyMap<string, Column>): Measure {
  if (rule.type === "expect_table_row_count_to_be_between") {
    return { by: "number", sql: "count(*)", min: rule.kwargs.min_value, max: rule.kwargs.max_value };
  }
  if (rule.type === "expect_table_column_count_to_be_between") {
    const success = within(columns.size, rule.kwargs.min_value, rule.kwargs.max_value);
    return { by: "known", success, value: columns.size };
  }
  if (rule.type === "expect_column_to_exist")
    return { by: "known", success: columns.has(rule.kwargs.column), value: null };
  if (rule.type === "expect_compound_columns_to_be_unique") {
    const list = rule.kwargs.column_list;
    if (list.some((name) => !columns.has(name))) return { by: "impossible", reason: "a column isn't there" };
    const row = `row(${list.map(quoteIdent).join(", ")})`;
    const unexpected = `count(*) - count(DISTINCT ${row})`;
    return { by: "values", evaluated: "count(*)", unexpected, mostly: rule.kwargs.mostly };
  }
  const column = columns.get(rule.kwargs.column);
  if (!column) return { by: "impossible", reason: "the column isn't there" };
  const c = quoteIdent(column.name);
  const values = (against: string, mostly: number): Measure => {
    return {
      by: "values",
      evaluated: `count(${c})`,
      unexpected: `count(*) FILTER (${c} IS NOT NULL AND (${against}))`,
      mostly,
    };
  };
  switch (rule.type) {
    case "expect_column_values_to_be_of_type":
      return { by: "known", success: column.type === rule.kwargs.type_, value: null };
    case "expect_column_values_to_not_be_null":
      return { by: "values", evaluated: "count(*)", unexpected: `count(*) - count(${c})`, mostly: rule.kwargs.mostly };
    case "expect_column_values_to_be_unique": {
      const unexpected = `count(${c}) - count(DISTINCT ${c})`;
      return { by: "values", evaluated: `count(${c})`, unexpected, mostly: rule.kwargs.mostly };
    }
    case "expect_column_values_to_be_in_set":
      return values(notIn(column, rule.kwargs.value_set), rule.kwargs.mostly);
    case "expect_column_values_to_be_between": {
      const against = outside(column, rule.kwargs.min_value, rule.kwargs.max_value);
      if (against === null)
        return { by: "impossible", reason: `the bounds don't suit a column of type ${column.type}` };
      return values(against, rule.kwargs.mostly);
    }
    case "expect_column_value_lengths_to_be_between": {
      const length = `length(${c}::VARCHAR)`;
      const { min_value, max_value, mostly } = rule.kwargs;
      return values(`${length} < ${min_value ?? 0} OR ${length} > ${max_value ?? Number.MAX_SAFE_INTEGER}`, mostly);
    }
    case "expect_column_values_to_match_regex":
      return values(`NOT regexp_matches(${c}::VARCHAR, ${quoteLiteral(rule.kwargs.regex)})`, rule.kwargs.mostly);
    case "expect_column_mean_to_be_between":
      if (!isNumeric(column)) return { by: "impossible", reason: `a column of type ${column.type} has no mean` };
      return { by: "number", sql: `avg(${c})::DOUBLE`, min: rule.kwargs.min_value, max: rule.kwargs.max_value };
    case "expect_column_proportion_of_unique_values_to_be_between": {
      const sql = `count(DISTINCT ${c}) / nullif(count(${c}), 0)`;
      return { by: "number", sql, min: rule.kwargs.min_value, max: rule.kwargs.max_value };
    }
  }
}

/** The engine's regular expressions are RE2: what it can't compile would fail the whole scan. */
async function compiles(engine: Engine, regex: string): Promise<boolean> {
  try {
    await engine.query("SELECT regexp_matches('', ?)", [regex]);
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === "internal") return false;
    throw error;
  }
}

/**
 * Checks expectations against a dataset version, which the engine holds as a view of its name, in one scan (of up to 200
 * expectations each). Missing values don't count except where the rule is about them; `unique` counts the values beyond
 * the first of each. A rule about a column that isn't there, or that doesn't suit its type, fails with its reason; so does
 * a mean of no values. No expectations at all is a failed check.
 */
export async function checkExpectations(
  engine: Engine,
  manifest: DatasetManifest,
  expectations: readonly Expectation[],
): Promise<Validation> {
  const columns = new Map(manifest.columns.map((c) => [c.name, c]));
  const results: ExpectationResult[] = [];
  for (let start = 0; start < expectations.length; start += RULES_A_SCAN) {
    const some = expectations.slice(start, start + RULES_A_SCAN);
    const measures: Measure[] = [];
    for (const expectation of some) {
      const regex = expectation.type === "expect_column_values_to_match_regex" ? expectation.kwargs.regex : null;
      const usable = regex === null || (await compiles(engine, regex));
      measures.push(
        usable ? measure(expectation, columns) : { by: "impossible", reason: "the regular expression isn't valid RE2" },
      );
    }
    const select = measures.flatMap((m, i) => {
      if (m.by === "values") return [`${m.evaluated} AS e${i}`, `${m.unexpected} AS u${i}`];
      return m.by === "number" ? [`${m.sql} AS o${i}`] : [];
    });
    const [row] = await engine.query(
      `SELECT ${["count(*) AS n", ...select].join(", ")} FROM ${quoteIdent(manifest.name)}`,
    );
    results.push(...some.map((expectation, i) => judge(expectation, measures[i]!, row!, i)));
  }
  return validationOf(manifest.name, manifest.version, results);
}

function judge(expectation: Expectation, m: Measure, row: Record<string, unknown>, i: number): ExpectationResult {
  const nothing = { evaluated: 0, unexpected: 0, value: null, reason: null };
  if (m.by === "impossible") return { expectation, success: false, observed: { ...nothing, reason: m.reason } };
  if (m.by === "known") return { expectation, success: m.success, observed: { ...nothing, value: m.value } };
  if (m.by === "number") {
    const value = typeof row[`o${i}`] === "number" ? (row[`o${i}`] as number) : null;
    const evaluated = Number(row.n);
    if (value === null) return { expectation, success: false, observed: { ...nothing, reason: "there is no value" } };
    return { expectation, success: within(value, m.min, m.max), observed: { ...nothing, evaluated, value } };
  }
  const evaluated = Number(row[`e${i}`]);
  const unexpected = Number(row[`u${i}`]);
  const success = evaluated === 0 || (evaluated - unexpected) / evaluated >= m.mostly;
  return { expectation, success, observed: { ...nothing, evaluated, unexpected } };
}
