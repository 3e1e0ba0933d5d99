import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { derivedName } from "../scoring/score-columns.ts";

/** The dataset that a model's outcomes are kept in: `__entity`, `__event_at`, `__label` (text), `__arrived_at`, every arrival of each. */
export const outcomesDataset = (model: string): string => derivedName(model, "outcomes");

/** A column of the loaded table, as the lake stores it. */
export type OutcomeColumn = { name: string; type: ColumnType };
/** Which columns hold what; `arrived` null: outcomes arrive when they are recorded. */
export type OutcomeColumns = {
  entity: OutcomeColumn;
  event: OutcomeColumn;
  label: OutcomeColumn;
  arrived: OutcomeColumn | null;
};
/** What labels may be: the model's classes, or numbers where there are none. */
export type LabelRange = { task: Problem["task"]; classes: readonly string[] };

const moment = (date: Date): string => `TIMESTAMP ${quoteLiteral(date.toISOString().slice(0, 23).replace("T", " "))}`;

/**
 * SQL of the loaded rows as outcomes, each with `__fault`: why it can't be one, or null. Keys and labels are written as
 * labels and the prediction log write them.
 */
export function loadedSql(relation: string, columns: OutcomeColumns, { task, classes }: LabelRange, now: Date): string {
  const { entity, event, label, arrived } = columns;
  const text = ({ name, type }: OutcomeColumn) => duckdb.text(quoteIdent(name), type);
  const time = ({ name }: OutcomeColumn) => `CAST(${quoteIdent(name)} AS TIMESTAMP)`;
  const known =
    task === "regression"
      ? `TRY_CAST(__label AS DOUBLE) IS NOT NULL AND isfinite(TRY_CAST(__label AS DOUBLE))`
      : `__label IN (${classes.map(quoteLiteral).join(", ")})`;
  const faults = [
    ["__entity IS NULL", "no entity"],
    ["__event_at IS NULL", "no event time"],
    ["__label IS NULL", "no label"],
    [`NOT (${known})`, task === "regression" ? "a label that is no number" : "a label that is no class of the model"],
    ["__arrived_at < __event_at", "it arrived before it happened"],
    [`greatest(__arrived_at, __event_at) > ${moment(now)}`, "it lies in the future"],
  ];
  return `SELECT *, CASE ${faults.map(([when, why]) => `WHEN ${when} THEN ${quoteLiteral(why!)}`).join(" ")} END AS __fault
    FROM (SELECT ${text(entity)} AS __entity, ${time(event)} AS __event_at, ${text(label)} AS __label,
      ${arrived ? time(arrived) : "CAST(NULL AS TIMESTAMP)"} AS __arrived_at FROM ${quoteIdent(relation)})`;
}

/**
 * SQL of all outcomes: the earlier ones and the loaded ones, each arrival once. A row without an arrival time arrives `now`
 * where it says something new; what was said before is no new arrival, so that recording a table again changes nothing.
 */
export function mergedSql(loaded: string, earlier: boolean, now: Date): string {
  const kept = "__entity, __event_at, __label, __arrived_at";
  const valid = `SELECT DISTINCT ${kept} FROM (${loaded}) WHERE __fault IS NULL`;
  if (!earlier)
    return `SELECT __entity, __event_at, __label, coalesce(__arrived_at, ${moment(now)}) AS __arrived_at
      FROM (${valid}) ORDER BY ALL`;
  return `SELECT DISTINCT ${kept} FROM (
      SELECT ${kept} FROM earlier
      UNION ALL SELECT __entity, __event_at, __label, coalesce(__arrived_at, ${moment(now)}) FROM (${valid}) v
      WHERE __arrived_at IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM (${currentSql("earlier")}) e
        WHERE e.__entity = v.__entity AND e.__event_at = v.__event_at AND e.__label = v.__label)
    ) ORDER BY ALL`;
}

/**
 * SQL of what holds now: of each entity and event time the label that arrived last. Two labels that arrived at one moment
 * contradict each other: neither holds.
 */
export const currentSql = (relation: string): string => `
  SELECT __entity, __event_at, min(__label) AS __label, max(__arrived_at) AS __arrived_at FROM (
    SELECT *, rank() OVER (PARTITION BY __entity, __event_at ORDER BY __arrived_at DESC) AS __nth FROM ${relation})
  WHERE __nth = 1 GROUP BY __entity, __event_at HAVING count(DISTINCT __label) = 1`;
