import type { Feature } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import {
  isAhead,
  isLookup,
  isRelated,
  type LagFeature,
  relatedColumns,
  relatedValues,
  type WindowFeature,
} from "./kinds.ts";
import { columnOf, type Relation, TEMPORAL, typedColumn } from "./schema.ts";

/** A feature over the rows before the own one, in the label's own table. */
export type PastFeature = LagFeature | WindowFeature;

/**
 * The label's own table as the log of its events: a relation with a row for each of its rows, `__self` (a number of its
 * own), `__micros` (the event time, null where missing), `__cutoff`, and the columns that features read of it.
 * `few`: the spine holds few of its rows, so that reading their past by a join is less work than looking at all.
 */
export type Past = { table: Relation; few: boolean; isPast: (feature: Feature) => feature is PastFeature };

/** The column that tells rows of one moment apart; a number or a date, so that every engine sorts it alike. */
export const orderOf = (feature: PastFeature, table: Relation): string | null =>
  feature.order === undefined
    ? null
    : typedColumn(table, feature.order, ["integer", "number", ...TEMPORAL], `the order of feature ${feature.name}`)
        .name;

/**
 * Whether a feature reads the own row's past: rows of the label's own table by its event time. A problem whose rows are
 * taken at cutoffs (intervals) reads its table like any other: no row of it is the own one.
 */
export const isPast = (
  feature: Feature,
  { dataset, time, label }: Pick<Problem, "dataset" | "time" | "label">,
): feature is PastFeature =>
  isRelated(feature) &&
  !isLookup(feature) &&
  label.kind === "column" &&
  time !== null &&
  feature.table === dataset &&
  feature.time === time &&
  feature.via === undefined;

/**
 * Whether a feature may tell the target however strongly: it is made of rows of the own past, which were there when the row
 * was, or of labels that were known by then, and each column whose values it reads was judged by itself (`judged`).
 * The own row's values among them are those of such columns.
 */
export function ofThePast(
  feature: Feature,
  problem: Pick<Problem, "dataset" | "time" | "label" | "labelDelayDays">,
  judged: (column: string) => boolean,
): boolean {
  // A forecast's own past ends at its origin, and is the label's own.
  if (isAhead(feature)) return true;
  // A label without a delay would be that of a moment ago: its strength is looked at.
  if (feature.kind === "label_rate")
    return problem.time !== null && problem.labelDelayDays > 0 && feature.delayDays >= problem.labelDelayDays;
  return isPast(feature, problem) && relatedValues(feature).every(judged);
}

/** The columns of the own table that a feature of its past reads, but for the event time. */
export const pastColumns = (feature: PastFeature): string[] =>
  relatedColumns(feature).filter((column) => column !== feature.time);

/**
 * Refuses what only the own past has where no row is the own one: an `order`, since there all rows of the cutoff's moment
 * count, and a comparison of the own row with those before it.
 */
export function checkOrder(feature: Feature): void {
  if (feature.kind === "mean_ratio")
    throw fault(
      "invalid_input",
      `feature ${feature.name} compares a row of ${feature.table} with those before it; only rows of the label's own table by its event time have such`,
      { feature: feature.name },
    );
  if ("order" in feature && feature.order !== undefined && feature.kind !== "lag")
    throw fault(
      "invalid_input",
      `feature ${feature.name} orders rows of ${feature.table}; only those of the label's own table by its event time are`,
      { feature: feature.name },
    );
}

/** Whether a value of the own table's rows reads the same at every moment: no date that may lie after it, nothing filled in later. */
export const standsStill = (feature: PastFeature, table: Relation): boolean =>
  !("filledBy" in feature && feature.filledBy !== undefined) &&
  ("column" in feature ? [feature.column, "where" in feature ? (feature.where?.column ?? null) : null] : []).every(
    (name) => name === null || !TEMPORAL.includes(columnOf(table, name).type),
  );
