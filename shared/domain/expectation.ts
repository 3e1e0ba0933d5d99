import { z } from "zod";
import { DatasetName, DatasetVersion } from "./dataset.ts";
import { Rule } from "./expectation-rules.ts";

export { columnsOf, Rule } from "./expectation-rules.ts";

/** A rule, what it is worth (`error` fails the check, `warn` is only reported), and the number that justifies it, in words. */
export const Expectation = z.intersection(Rule, z.object({ severity: z.enum(["warn", "error"]), because: z.string() }));
export type Expectation = z.infer<typeof Expectation>;

/** Where an expectation comes from: `suggested` from an earlier version, `declared` by the team's own project, or `defined` by a person; its version, from when it holds. */
export const BoundExpectation = z.intersection(
  Expectation,
  z.object({
    from: z.enum(["suggested", "declared", "defined"]),
    version: z.number().int().positive(),
    since: z.iso.datetime(),
  }),
);
export type BoundExpectation = z.infer<typeof BoundExpectation>;

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
