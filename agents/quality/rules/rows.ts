import type { Column } from "@muster/shared/domain/dataset.ts";
import { columnsOf, type Rule } from "@muster/shared/domain/expectation.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { counting, impossible, isNumeric, isTemporal, type Measure, type Measured, plainly } from "./measure.ts";

/** Columns whose values can be compared with each other. */
const comparable = (columns: readonly Column[]): boolean => {
  const [first] = columns;
  return columns.every(
    (c) => c.type === first!.type || (isNumeric(c) && isNumeric(first!)) || (isTemporal(c) && isTemporal(first!)),
  );
};

/** Rows of groups, by determinant, in which the dependent differs. */
function determined(on: Measured, column: string, determinant: readonly string[], mostly: number): Measure {
  const [y, x, from] = [quoteIdent(column), determinant.map(quoteIdent).join(", "), quoteIdent(on.relation)];
  const there = [column, ...determinant].map((name) => `${quoteIdent(name)} IS NOT NULL`).join(" AND ");
  const groups = `SELECT sum(n) AS s, max(n) AS m FROM (SELECT ${x}, count(*) AS n FROM ${from} WHERE ${there} GROUP BY ${x}, ${y}) v GROUP BY ${x}`;
  return {
    by: "query",
    // A group of one row can't break the rule.
    sql: `SELECT coalesce(CAST(sum(s) AS DOUBLE PRECISION), 0) AS e, coalesce(CAST(sum(s - m) AS DOUBLE PRECISION), 0) AS u FROM (${groups}) g WHERE s > 1`,
    mostly,
    rows: `SELECT * FROM ${from} WHERE (${x}) IN (SELECT ${x} FROM ${from} WHERE ${there} GROUP BY ${x} HAVING count(DISTINCT ${y}) > 1) ORDER BY ${x}, ${y}`,
  };
}

/** How a rule about several columns of a row is measured; null for other rules. */
export function rowMeasure(rule: Rule, on: Measured): Measure | null {
  const names = columnsOf(rule);
  if (names.length < 2 && rule.type !== "expect_compound_columns_to_be_unique") return null;
  const columns = names.flatMap((name) => on.columns.get(name) ?? []);
  if (columns.length < names.length) return impossible("a column isn't there");
  const quoted = names.map(quoteIdent);
  const [a, b] = quoted;
  const there = quoted.map((name) => `${name} IS NOT NULL`).join(" AND ");
  const from = quoteIdent(on.relation);
  switch (rule.type) {
    case "expect_compound_columns_to_be_unique": {
      const list = quoted.join(", ");
      const distinct =
        quoted.length === 1
          ? `(SELECT count(*) FROM (SELECT DISTINCT ${list} FROM ${from}) d)`
          : `count(DISTINCT (${list}))`;
      return {
        by: "values",
        evaluated: "count(*)",
        unexpected: `count(*) - ${distinct}`,
        mostly: rule.kwargs.mostly,
        rows: `SELECT ${list}, count(*) AS copies FROM ${from} GROUP BY ${list} HAVING count(*) > 1`,
      };
    }
    case "expect_column_to_be_determined_by":
      return determined(on, rule.kwargs.column, rule.kwargs.determinant, rule.kwargs.mostly);
    case "expect_column_pair_values_to_be_equal":
      if (!comparable(columns)) return impossible("the columns' types can't be compared");
      return counting(
        on,
        `NOT (${a} IS NULL AND ${b} IS NULL)`,
        plainly(`${a} IS DISTINCT FROM ${b}`),
        rule.kwargs.mostly,
      );
    case "expect_column_pair_values_a_to_be_greater_than_b":
      if (!comparable(columns)) return impossible("the columns' types can't be compared");
      return counting(on, there, plainly(`${a} ${rule.kwargs.or_equal ? "<" : "<="} ${b}`), rule.kwargs.mostly);
    case "expect_select_column_values_to_be_unique_within_record": {
      if (!comparable(columns)) return impossible("the columns' types can't be compared");
      const pairs = quoted.flatMap((one, i) => quoted.slice(i + 1).map((other) => `${one} = ${other}`));
      return counting(on, there, plainly(pairs.join(" OR ")), rule.kwargs.mostly);
    }
    case "expect_multicolumn_sum_to_equal": {
      if (!columns.every(isNumeric)) return impossible("only numbers have a sum");
      const sum = quoted.map((name) => `CAST(${name} AS DOUBLE PRECISION)`).join(" + ");
      // Decimal fractions don't add up exactly in binary.
      const slack = 1e-9 * Math.max(1, Math.abs(rule.kwargs.sum_total));
      return counting(on, there, plainly(`abs(${sum} - (${rule.kwargs.sum_total})) > ${slack}`), rule.kwargs.mostly);
    }
    default:
      return null;
  }
}
