import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Rule } from "@muster/shared/domain/expectation.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import {
  type Condition,
  counting,
  impossible,
  isNumeric,
  isTemporal,
  type Measure,
  type Measured,
  plainly,
} from "./measure.ts";

type Value = string | number | boolean;

/** Whether a column's value is in a set, as SQL. */
export function inSet({ dialect }: Measured, column: Column, set: readonly Value[]): Condition {
  const c = quoteIdent(column.name);
  const numbers = set.map(Number);
  if (isNumeric(column) && numbers.every(Number.isFinite)) return plainly(`${c} IN (${numbers.join(", ")})`);
  const text = dialect.text(c, column.type);
  return {
    sql: `${text} IN (${set.map((v) => quoteLiteral(String(v))).join(", ")})`,
    shown: `${text} IN (:value_set)`,
  };
}

const not = ({ sql, shown }: Condition): Condition => ({ sql: `NOT (${sql})`, shown: `NOT (${shown})` });

function outside(column: Column, min: Value | null, max: Value | null): string | null {
  const c = quoteIdent(column.name);
  const parts: string[] = [];
  for (const [bound, operator] of [
    [min, "<"],
    [max, ">"],
  ] as const) {
    if (bound === null) continue;
    if (isNumeric(column) !== (typeof bound === "number")) return null;
    if (typeof bound === "number") parts.push(`${c} ${operator} ${bound}`);
    else if (!isTemporal(column) || Number.isNaN(Date.parse(String(bound)))) return null;
    else parts.push(`${c} ${operator} TIMESTAMP ${quoteLiteral(new Date(String(bound)).toISOString().slice(0, 23))}`);
  }
  return parts.length > 0 ? parts.join(" OR ") : "1 = 0";
}

/** How a rule about each value of a column is measured; null for other rules. */
export function valueMeasure(rule: Rule, on: Measured): Measure | null {
  if (!("column" in rule.kwargs)) return null;
  const column = on.columns.get(rule.kwargs.column);
  if (!column) return impossible("the column isn't there");
  const c = quoteIdent(column.name);
  const text = on.dialect.text(c, column.type);
  const length = on.dialect.length(text);
  const from = quoteIdent(on.relation);
  const values = (against: Condition, mostly: number) => counting(on, `${c} IS NOT NULL`, against, mostly);
  const matches = (regex: string) => on.dialect.matches(text, quoteLiteral(regex));
  switch (rule.type) {
    case "expect_column_values_to_be_of_type":
      return { by: "known", success: column.type === rule.kwargs.type_, value: null };
    case "expect_column_values_to_be_in_type_list":
      return { by: "known", success: rule.kwargs.type_list.includes(column.type), value: null };
    case "expect_column_values_to_not_be_null":
      return counting(on, "1 = 1", plainly(`${c} IS NULL`), rule.kwargs.mostly);
    case "expect_column_values_to_be_null":
      return counting(on, "1 = 1", plainly(`${c} IS NOT NULL`), rule.kwargs.mostly);
    case "expect_column_values_to_be_unique":
      return {
        by: "values",
        evaluated: `count(${c})`,
        unexpected: `count(${c}) - count(DISTINCT ${c})`,
        mostly: rule.kwargs.mostly,
        rows: `SELECT * FROM ${from} WHERE ${c} IN (SELECT ${c} FROM ${from} GROUP BY ${c} HAVING count(*) > 1)`,
      };
    case "expect_column_values_to_be_in_set":
      return values(not(inSet(on, column, rule.kwargs.value_set)), rule.kwargs.mostly);
    case "expect_column_values_to_not_be_in_set":
      return values(inSet(on, column, rule.kwargs.value_set), rule.kwargs.mostly);
    case "expect_column_values_to_be_between": {
      const against = outside(column, rule.kwargs.min_value, rule.kwargs.max_value);
      if (against === null) return impossible(`the bounds don't suit a column of type ${column.type}`);
      return values(plainly(against), rule.kwargs.mostly);
    }
    case "expect_column_value_lengths_to_be_between": {
      const { min_value, max_value, mostly } = rule.kwargs;
      const against = `${length} < ${min_value ?? 0} OR ${length} > ${max_value ?? Number.MAX_SAFE_INTEGER}`;
      return values(plainly(against), mostly);
    }
    case "expect_column_value_lengths_to_equal":
      return values(plainly(`${length} <> ${rule.kwargs.value}`), rule.kwargs.mostly);
    case "expect_column_values_to_match_regex":
      return values(plainly(`NOT ${matches(rule.kwargs.regex)}`), rule.kwargs.mostly);
    case "expect_column_values_to_not_match_regex":
      return values(plainly(matches(rule.kwargs.regex)), rule.kwargs.mostly);
    case "expect_column_values_to_match_regex_list": {
      const list = rule.kwargs.regex_list.map(matches).join(rule.kwargs.match_on === "all" ? " AND " : " OR ");
      return values(plainly(`NOT (${list})`), rule.kwargs.mostly);
    }
    case "expect_column_value_z_scores_to_be_less_than": {
      if (!isNumeric(column)) return impossible(`a column of type ${column.type} has no z scores`);
      const { threshold, double_sided, mostly } = rule.kwargs;
      const deviation = `CAST(${c} AS DOUBLE PRECISION) - (SELECT avg(CAST(${c} AS DOUBLE PRECISION)) FROM ${from})`;
      const far = `${double_sided ? `abs(${deviation})` : deviation} >= ${threshold} * (SELECT stddev_samp(CAST(${c} AS DOUBLE PRECISION)) FROM ${from})`;
      // Values that are all alike have no spread, and none of them is far.
      return values(plainly(`${deviation} <> 0 AND ${far}`), mostly);
    }
    default:
      return null;
  }
}
