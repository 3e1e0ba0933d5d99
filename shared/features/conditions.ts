import type { Condition } from "../domain/problem.ts";
import { fault } from "../fault.ts";
import { quoteLiteral } from "../warehouse/quote.ts";
import { columnOf, qualified, type Relation, typedColumn } from "./schema.ts";

const EXPECTED = { string: ["text"], boolean: ["boolean"], number: ["integer", "number"] } as const;

/** SQL for whether a row `t` meets a condition; never null. `not_found` for a column that isn't there, `invalid_input` for another type. */
function conditionSql(table: Relation, condition: Condition): string {
  const value = qualified("t", columnOf(table, condition.column).name);
  const what = `the condition on ${condition.column}`;
  if ("missing" in condition) return `${value} IS ${condition.missing ? "" : "NOT "}NULL`;
  if ("in" in condition) {
    const values = condition.in.map((one) => {
      typedColumn(table, condition.column, EXPECTED[typeof one as keyof typeof EXPECTED], what);
      if (typeof one === "number" && !Number.isFinite(one))
        throw fault("invalid_input", `${what} compares with a number that isn't finite`);
      return typeof one === "string" ? quoteLiteral(one) : String(one);
    });
    return `coalesce(${value} IN (${values.join(", ")}), false)`;
  }
  const { column, atLeast, atMost } = condition;
  typedColumn(table, column, EXPECTED.number, what);
  const bounds = [atLeast, atMost].filter((bound) => bound !== undefined);
  if (bounds.length === 0 || !bounds.every(Number.isFinite))
    throw fault("invalid_input", `${what} says nothing; give \`in\`, \`atLeast\`, \`atMost\` or \`missing\``);
  const parts = [
    ...(atLeast === undefined ? [] : [`${value} >= ${atLeast}`]),
    ...(atMost === undefined ? [] : [`${value} <= ${atMost}`]),
  ];
  return `coalesce(${parts.join(" AND ")}, false)`;
}

/** SQL for whether a row `t` of a table meets every condition. */
export const conditionsSql = (table: Relation, where: readonly Condition[]): string =>
  where.length === 0 ? "true" : where.map((one) => conditionSql(table, one)).join(" AND ");

/** A condition as a person reads it: `status is failed or late`, `amount at least 10`, `paid_date is missing`. */
export function conditionWords(condition: Condition): string {
  const { column } = condition;
  if ("missing" in condition) return `${column} is ${condition.missing ? "missing" : "filled"}`;
  if ("in" in condition) return `${column} is ${condition.in.map(String).join(" or ")}`;
  const bounds = [
    ...(condition.atLeast === undefined ? [] : [`at least ${condition.atLeast}`]),
    ...(condition.atMost === undefined ? [] : [`at most ${condition.atMost}`]),
  ];
  return `${column} ${bounds.join(" and ")}`;
}
