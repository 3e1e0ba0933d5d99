import type { Problem } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { endedLabelRows } from "./ended-labels.ts";
import { flatLabelRows } from "./flat-labels.ts";
import type { Relation } from "./schema.ts";

/**
 * SQL for the labelled rows of a problem over its dataset, in no promised order, with `own` columns of the entity's row.
 * `not_found` for a column that the dataset doesn't have.
 */
export function labelRows(dialect: Dialect, problem: Problem, source: Relation, own: readonly string[] = []): string {
  const kept = own.find((name) => name.startsWith("__"));
  if (kept !== undefined) throw fault("invalid_input", `column ${kept} starts with __, which is kept; rename it`);
  if (problem.label.kind === "ended") return endedLabelRows(dialect, problem, source, own);
  if (own.includes(problem.label.column)) {
    throw fault(
      "invalid_input",
      `column ${problem.label.column} is the label and can't be read as a feature; leave it out`,
    );
  }
  return flatLabelRows(dialect, problem, source, own);
}

/**
 * SQL for the labels of a problem: one row per entity × cutoff (flat tables: per table row), sorted.
 * `__entity` text, `__cutoff` timestamp or null, `__label` (text for classes, double for regression, null for scoring),
 * `__known_at` (when the label was known; null where nothing says), `__split` (`training`, `holdout`, `scoring`).
 */
export const compileLabels = (dialect: Dialect, problem: Problem, source: Relation): string =>
  `SELECT * FROM (${labelRows(dialect, problem, source)}) labels ORDER BY __entity, __cutoff, __label, __known_at, __split`;
