import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";

/**
 * How a rule is measured. `values`: SQL aggregates that count what is looked at and what is against the rule, judged by
 * `mostly`; `number`: SQL of one number, judged by bounds; both in one scan with others. `query`: a scan of its own, with
 * the same two counts as `e` and `u`. `known`: decided by the schema alone. `impossible`: why not.
 * `rows`: a query that shows what is against the rule; null where no row can be shown.
 */
export type Measure =
  | { by: "values"; evaluated: string; unexpected: string; mostly: number; rows: string | null }
  | { by: "query"; sql: string; mostly: number; rows: string | null }
  | { by: "number"; sql: string; min: number | null; max: number | null }
  | { by: "known"; success: boolean; value: number | null }
  | { by: "impossible"; reason: string };

/** What rules are measured on: the relation, its columns by name, the SQL it speaks. */
export type Measured = { relation: string; columns: ReadonlyMap<string, Column>; dialect: Dialect };

/** SQL, and the same as it may be shown: values of texts stand in it as the parameter `:value_set`. */
export type Condition = { sql: string; shown: string };

/** A condition that holds no values. */
export const plainly = (sql: string): Condition => ({ sql, shown: sql });

/** Whether a column holds numbers. */
export const isNumeric = ({ type }: Column): boolean => type === "integer" || type === "number";
/** Whether a column holds days or moments. */
export const isTemporal = ({ type }: Column): boolean => type === "date" || type === "timestamp";
/** Whether a number lies within bounds; null leaves a side open. */
export const within = (value: number, min: number | null, max: number | null): boolean =>
  (min === null || value >= min) && (max === null || value <= max);

/** A measure that can't be taken, with the reason. */
export const impossible = (reason: string): Measure => ({ by: "impossible", reason });

/** Counts rows by a condition: of those `over` which something is said, the ones `against` it. */
export function counting({ relation }: Measured, over: string, against: Condition, mostly: number): Measure {
  return {
    by: "values",
    evaluated: `count(*) FILTER (WHERE ${over})`,
    unexpected: `count(*) FILTER (WHERE ${over} AND (${against.sql}))`,
    mostly,
    rows: `SELECT * FROM ${quoteIdent(relation)} WHERE ${over} AND (${against.shown})`,
  };
}
