import { z } from "zod";
import { ColumnType, DatasetName, DatasetVersion } from "./dataset.ts";

const column = z.string().min(1);
/** Share of the evaluated values that must be as expected. */
const mostly = z.number().min(0).max(1).default(1);
const number = z.number().nullable().default(null);
const bound = z.union([z.number(), z.string()]).nullable().default(null);

const kinds = <T extends string, K extends z.ZodRawShape>(type: T, kwargs: K) =>
  z.object({ type: z.literal(type), kwargs: z.object(kwargs) });

/** What is expected, in the vocabulary of Great Expectations. Bounds are inclusive; null leaves a side open. */
export const Rule = z.discriminatedUnion("type", [
  kinds("expect_table_row_count_to_be_between", { min_value: number, max_value: number }),
  kinds("expect_table_column_count_to_be_between", { min_value: number, max_value: number }),
  kinds("expect_column_to_exist", { column }),
  kinds("expect_column_values_to_be_of_type", { column, type_: ColumnType }),
  kinds("expect_column_values_to_not_be_null", { column, mostly }),
  kinds("expect_column_values_to_be_unique", { column, mostly }),
  kinds("expect_column_values_to_be_in_set", {
    column,
    value_set: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
    mostly,
  }),
  kinds("expect_column_values_to_be_between", { column, min_value: bound, max_value: bound, mostly }),
  kinds("expect_column_value_lengths_to_be_between", { column, min_value: number, max_value: number, mostly }),
  kinds("expect_column_values_to_match_regex", { column, regex: z.string().min(1).max(500), mostly }),
  kinds("expect_column_mean_to_be_between", { column, min_value: number, max_value: number }),
  kinds("expect_column_proportion_of_unique_values_to_be_between", { column, min_value: number, max_value: number }),
  kinds("expect_compound_columns_to_be_unique", { column_list: z.array(column).min(1), mostly }),
]);
export type Rule = z.infer<typeof Rule>;

/** A rule, what it is worth (`error` fails the check, `warn` is only reported), and the number that justifies it, in words. */
export const Expectation = z.intersection(Rule, z.object({ severity: z.enum(["warn", "error"]), because: z.string() }));
export type Expectation = z.infer<typeof Expectation>;

/**
 * What was seen: values looked at and values against the rule, or the single number that the rule bounds. `reason` says why
 * a rule couldn't be evaluated, which fails it. Never a cell.
 */
export const Observed = z.object({
  evaluated: z.number().int().nonnegative(),
  unexpected: z.number().int().nonnegative(),
  value: z.number().nullable(),
  reason: z.string().nullable(),
});
export type Observed = z.infer<typeof Observed>;

/** One expectation's outcome. */
export const ExpectationResult = z.object({ expectation: Expectation, success: z.boolean(), observed: Observed });
export type ExpectationResult = z.infer<typeof ExpectationResult>;

/** The outcome of a check in the shape of Great Expectations. `success` is false where nothing was evaluated. */
export const Validation = z.object({
  dataset: DatasetName,
  version: DatasetVersion,
  success: z.boolean(),
  results: z.array(ExpectationResult),
  statistics: z.object({
    evaluated_expectations: z.number().int().nonnegative(),
    successful_expectations: z.number().int().nonnegative(),
    /** 0..100, null where nothing was evaluated. */
    success_percent: z.number().nullable(),
  }),
});
export type Validation = z.infer<typeof Validation>;

/** Sums results up. An expectation that couldn't be evaluated counts as failed, a warning that failed doesn't fail the check. */
export function validationOf(dataset: string, version: string, results: ExpectationResult[]): Validation {
  const evaluated = results.filter((r) => r.observed.reason === null).length;
  const successful = results.filter((r) => r.success).length;
  const passed = results.every((r) => r.success || r.expectation.severity === "warn");
  return {
    dataset,
    version,
    success: evaluated > 0 && passed,
    results,
    statistics: {
      evaluated_expectations: evaluated,
      successful_expectations: successful,
      success_percent: results.length > 0 ? (100 * successful) / results.length : null,
    },
  };
}
