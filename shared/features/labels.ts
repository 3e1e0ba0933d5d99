import type { Problem } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { endedLabelRows } from "./ended-labels.ts";
import { eventLabelRows } from "./event-labels.ts";
import { flatLabelRows } from "./flat-labels.ts";
import { forecastLabelRows } from "./forecast-labels.ts";
import type { AheadFeature } from "./kinds.ts";
import { isEventRule } from "./label-rule.ts";
import type { Relation } from "./schema.ts";

/**
 * SQL for the labelled rows of a problem over its dataset, in no promised order, with `own` columns of the entity's row.
 * `tables`: the other tables of the scope, of which the population's is read; `ahead`: features that a forecast's rows carry. `not_found` for a column that isn't there.
 */
export function labelRows(
  dialect: Dialect,
  problem: Problem,
  source: Relation,
  own: readonly string[] = [],
  tables: Readonly<Record<string, Relation>> = {},
  ahead: readonly AheadFeature[] = [],
): string {
  if (ahead.length > 0 && problem.label.kind !== "forecast")
    throw fault("invalid_input", `feature ${ahead[0]!.name} is of a forecast's rows; the problem forecasts no series`);
  const kept = own.find((name) => name.startsWith("__"));
  if (kept !== undefined) throw fault("invalid_input", `column ${kept} starts with __, which is kept; rename it`);
  if (problem.label.kind === "forecast") return forecastLabelRows(dialect, problem, source, ahead);
  if (isEventRule(problem.label)) return eventLabelRows(dialect, problem, source, own, tables);
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
export const compileLabels = (
  dialect: Dialect,
  problem: Problem,
  source: Relation,
  tables: Readonly<Record<string, Relation>> = {},
): string =>
  `SELECT * FROM (${labelRows(dialect, problem, source, [], tables)}) labels ORDER BY __entity, __cutoff, __label, __known_at, __split`;
