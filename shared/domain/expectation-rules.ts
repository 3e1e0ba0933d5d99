import { z } from "zod";
import { ColumnType } from "./dataset.ts";

const column = z.string().min(1);
const column_list = z.array(column).min(2).max(64);
/** Share of the evaluated values that must be as expected. */
const mostly = z.number().min(0).max(1).default(1);
const number = z.number().nullable().default(null);
const min_value = number;
const max_value = number;
const range = { min_value, max_value };
const bound = z.union([z.number(), z.string()]).nullable().default(null);
const value_set = z
  .array(z.union([z.string(), z.number(), z.boolean()]))
  .min(1)
  .max(1000);
const regex = z.string().min(1).max(500);
const count = z.number().int().nonnegative();

const kinds = <T extends string, K extends z.ZodRawShape>(type: T, kwargs: K) =>
  z.object({ type: z.literal(type), kwargs: z.strictObject(kwargs) });

/**
 * What is expected, in the vocabulary of Great Expectations. Bounds are inclusive; null leaves a side open.
 * `expect_column_to_be_determined_by` is ours: rows that agree in `determinant` agree in `column`. Row order is none of a
 * warehouse's, so increasing and decreasing aren't among them.
 */
export const Rule = z.discriminatedUnion("type", [
  kinds("expect_table_row_count_to_be_between", range),
  kinds("expect_table_row_count_to_equal", { value: count }),
  kinds("expect_table_column_count_to_be_between", range),
  kinds("expect_table_column_count_to_equal", { value: count }),
  kinds("expect_table_columns_to_match_set", {
    column_set: z.array(column).min(1).max(2000),
    exact_match: z.boolean().default(true),
  }),
  kinds("expect_column_to_exist", { column }),
  kinds("expect_column_values_to_be_of_type", { column, type_: ColumnType }),
  kinds("expect_column_values_to_be_in_type_list", { column, type_list: z.array(ColumnType).min(1) }),
  kinds("expect_column_values_to_not_be_null", { column, mostly }),
  kinds("expect_column_values_to_be_null", { column, mostly }),
  kinds("expect_column_values_to_be_unique", { column, mostly }),
  kinds("expect_column_values_to_be_in_set", { column, value_set, mostly }),
  kinds("expect_column_values_to_not_be_in_set", { column, value_set, mostly }),
  kinds("expect_column_values_to_be_between", { column, min_value: bound, max_value: bound, mostly }),
  kinds("expect_column_value_lengths_to_be_between", { column, ...range, mostly }),
  kinds("expect_column_value_lengths_to_equal", { column, value: count, mostly }),
  kinds("expect_column_values_to_match_regex", { column, regex, mostly }),
  kinds("expect_column_values_to_not_match_regex", { column, regex, mostly }),
  kinds("expect_column_values_to_match_regex_list", {
    column,
    regex_list: z.array(regex).min(1).max(20),
    match_on: z.enum(["any", "all"]).default("any"),
    mostly,
  }),
  kinds("expect_column_value_z_scores_to_be_less_than", {
    column,
    threshold: z.number().positive(),
    double_sided: z.boolean().default(true),
    mostly,
  }),
  kinds("expect_column_mean_to_be_between", { column, ...range }),
  kinds("expect_column_median_to_be_between", { column, ...range }),
  kinds("expect_column_stdev_to_be_between", { column, ...range }),
  kinds("expect_column_sum_to_be_between", { column, ...range }),
  kinds("expect_column_min_to_be_between", { column, ...range }),
  kinds("expect_column_max_to_be_between", { column, ...range }),
  kinds("expect_column_quantile_values_to_be_between", {
    column,
    quantile_ranges: z.object({
      quantiles: z.array(z.number().min(0).max(1)).min(1).max(20),
      value_ranges: z.array(z.tuple([z.number().nullable(), z.number().nullable()])).min(1),
    }),
  }),
  kinds("expect_column_unique_value_count_to_be_between", { column, ...range }),
  kinds("expect_column_proportion_of_unique_values_to_be_between", { column, ...range }),
  kinds("expect_column_most_common_value_to_be_in_set", { column, value_set }),
  kinds("expect_column_distinct_values_to_be_in_set", { column, value_set }),
  kinds("expect_column_distinct_values_to_contain_set", { column, value_set }),
  kinds("expect_column_distinct_values_to_equal_set", { column, value_set }),
  kinds("expect_column_pair_values_to_be_equal", { column_A: column, column_B: column, mostly }),
  kinds("expect_column_pair_values_a_to_be_greater_than_b", {
    column_A: column,
    column_B: column,
    or_equal: z.boolean().default(false),
    mostly,
  }),
  kinds("expect_compound_columns_to_be_unique", { column_list: z.array(column).min(1), mostly }),
  kinds("expect_select_column_values_to_be_unique_within_record", { column_list, mostly }),
  kinds("expect_multicolumn_sum_to_equal", { column_list, sum_total: z.number(), mostly }),
  kinds("expect_column_to_be_determined_by", { column, determinant: z.array(column).min(1).max(4), mostly }),
]);
export type Rule = z.infer<typeof Rule>;

/** The columns that a rule is about, the one it judges first; none for rules about the table. */
export function columnsOf({ kwargs }: Rule): string[] {
  if ("determinant" in kwargs) return [kwargs.column, ...kwargs.determinant];
  if ("column" in kwargs) return [kwargs.column];
  if ("column_A" in kwargs) return [kwargs.column_A, kwargs.column_B];
  return "column_list" in kwargs ? kwargs.column_list : [];
}
