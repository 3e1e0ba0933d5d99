import type { Rule } from "@muster/shared/domain/expectation.ts";
import { type Measure, type Measured, within } from "./measure.ts";

/** How a rule about the table itself, or about which columns there are, is measured; null for other rules. */
export function tableMeasure(rule: Rule, { columns }: Measured): Measure | null {
  const known = (success: boolean, value: number | null = null): Measure => ({ by: "known", success, value });
  switch (rule.type) {
    case "expect_table_row_count_to_be_between":
      return { by: "number", sql: "count(*)", min: rule.kwargs.min_value, max: rule.kwargs.max_value };
    case "expect_table_row_count_to_equal":
      return { by: "number", sql: "count(*)", min: rule.kwargs.value, max: rule.kwargs.value };
    case "expect_table_column_count_to_be_between":
      return known(within(columns.size, rule.kwargs.min_value, rule.kwargs.max_value), columns.size);
    case "expect_table_column_count_to_equal":
      return known(columns.size === rule.kwargs.value, columns.size);
    case "expect_table_columns_to_match_set": {
      const set = new Set(rule.kwargs.column_set);
      const gone = [...set].filter((name) => !columns.has(name)).length;
      const more = [...columns.keys()].filter((name) => !set.has(name)).length;
      return known(gone === 0 && (more === 0 || !rule.kwargs.exact_match), columns.size);
    }
    case "expect_column_to_exist":
      return known(columns.has(rule.kwargs.column));
    default:
      return null;
  }
}
