import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Rule } from "@muster/shared/domain/expectation.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { impossible, isNumeric, type Measure, type Measured } from "./measure.ts";
import { inSet } from "./values.ts";

/** The distinct values of a column against a set: those that are outside of it, those of it that are missing. */
function distinctAgainst(
  on: Measured,
  column: Column,
  set: readonly (string | number | boolean)[],
  which: "in" | "contain" | "equal",
): Measure {
  const c = quoteIdent(column.name);
  const size = new Set(set.map(String)).size;
  const held = `count(DISTINCT ${c}) FILTER (WHERE ${inSet(on, column, set).sql})`;
  const strange = `(count(DISTINCT ${c}) - ${held})`;
  const gone = `(${size} - ${held})`;
  const unexpected = { in: strange, contain: gone, equal: `${strange} + ${gone}` }[which];
  const evaluated = which === "in" ? `count(DISTINCT ${c})` : `greatest(count(DISTINCT ${c}), ${size})`;
  // How many values are against it doesn't matter: none may be.
  return { by: "values", evaluated, unexpected, mostly: 1, rows: null };
}

/** How a rule about one figure of a column is measured; null for other rules. */
export function aggregateMeasure(rule: Rule, on: Measured): Measure | null {
  if (!("column" in rule.kwargs)) return null;
  const column = on.columns.get(rule.kwargs.column)!;
  const c = quoteIdent(column.name);
  const number = `CAST(${c} AS DOUBLE PRECISION)`;
  const figure = (
    sql: string,
    { min_value: min, max_value: max }: { min_value: number | null; max_value: number | null },
    what: string,
  ): Measure =>
    isNumeric(column) ? { by: "number", sql, min, max } : impossible(`a column of type ${column.type} has no ${what}`);
  switch (rule.type) {
    case "expect_column_mean_to_be_between":
      return figure(on.dialect.mean(number), rule.kwargs, "mean");
    case "expect_column_median_to_be_between":
      return figure(`percentile_cont(0.5) WITHIN GROUP (ORDER BY ${number})`, rule.kwargs, "median");
    case "expect_column_stdev_to_be_between":
      return figure(`stddev_samp(${number})`, rule.kwargs, "standard deviation");
    case "expect_column_sum_to_be_between":
      return figure(on.dialect.sum(number), rule.kwargs, "sum");
    case "expect_column_min_to_be_between":
      return figure(`min(${number})`, rule.kwargs, "least number");
    case "expect_column_max_to_be_between":
      return figure(`max(${number})`, rule.kwargs, "largest number");
    case "expect_column_quantile_values_to_be_between": {
      const { quantiles, value_ranges } = rule.kwargs.quantile_ranges;
      if (quantiles.length !== value_ranges.length)
        return impossible("`value_ranges` needs one range for each quantile");
      if (!isNumeric(column)) return impossible(`a column of type ${column.type} has no quantiles`);
      const outside = quantiles.map((q, i) => {
        const [min, max] = value_ranges[i]!;
        const at = `percentile_cont(${q}) WITHIN GROUP (ORDER BY ${number})`;
        const holds = [min === null ? [] : [`${at} >= ${min}`], max === null ? [] : [`${at} <= ${max}`]].flat();
        return `CASE WHEN ${[...holds, "1 = 1"].join(" AND ")} THEN 0 ELSE 1 END`;
      });
      return {
        by: "values",
        evaluated: `0 * count(*) + ${quantiles.length}`,
        unexpected: outside.join(" + "),
        mostly: 1,
        rows: null,
      };
    }
    case "expect_column_unique_value_count_to_be_between":
      return { by: "number", sql: `count(DISTINCT ${c})`, min: rule.kwargs.min_value, max: rule.kwargs.max_value };
    case "expect_column_proportion_of_unique_values_to_be_between": {
      const sql = `CAST(count(DISTINCT ${c}) AS DOUBLE PRECISION) / nullif(count(${c}), 0)`;
      return { by: "number", sql, min: rule.kwargs.min_value, max: rule.kwargs.max_value };
    }
    case "expect_column_most_common_value_to_be_in_set": {
      const counted = `SELECT ${c}, count(*) AS n FROM ${quoteIdent(on.relation)} WHERE ${c} IS NOT NULL GROUP BY ${c}`;
      const { sql } = inSet(on, column, rule.kwargs.value_set);
      return {
        by: "query",
        sql: `WITH v AS (${counted}) SELECT count(*) AS e, count(*) FILTER (WHERE NOT (${sql})) AS u FROM v WHERE n = (SELECT max(n) FROM v)`,
        mostly: 1,
        rows: null,
      };
    }
    case "expect_column_distinct_values_to_be_in_set":
      return distinctAgainst(on, column, rule.kwargs.value_set, "in");
    case "expect_column_distinct_values_to_contain_set":
      return distinctAgainst(on, column, rule.kwargs.value_set, "contain");
    case "expect_column_distinct_values_to_equal_set":
      return distinctAgainst(on, column, rule.kwargs.value_set, "equal");
    default:
      return null;
  }
}
