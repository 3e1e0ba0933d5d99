import type { Condition, Problem, WindowAggregate } from "../domain/problem.ts";
import { conditionWords } from "./conditions.ts";
import type { EventRule, ForecastRule } from "./label-rule.ts";

const given = (where: readonly Condition[]): string =>
  where.length === 0 ? "" : ` (${where.map(conditionWords).join(", ")})`;

/** A kind of event in words: `orders`, `payments (status is failed)`. */
export const eventWords = (dataset: string, where: readonly Condition[]): string => `${dataset}${given(where)}`;

const amounts: Record<WindowAggregate, string> = {
  count: "how many",
  sum: "the sum of",
  mean: "the mean of",
  min: "the least",
  max: "the greatest",
  last: "the last",
};

/** What a `value` rule makes of the rows of its window: `the sum of Quantity × UnitPrice over orders`. */
export function amountWords(
  dataset: string,
  { aggregate, column, times, where }: Extract<EventRule, { kind: "value" }>,
): string {
  if (column === null) return `how many rows of ${eventWords(dataset, where)} there are`;
  const what = times === null ? column : `${column} × ${times}`;
  if (aggregate === "count") return `how many rows of ${eventWords(dataset, where)} have ${what}`;
  return `${amounts[aggregate]} ${what} over ${eventWords(dataset, where)}`;
}

/** What a forecast is of: `the sum of cnt of bike_sharing by day (dteday)`. */
export function seriesWords(dataset: string, { aggregate, column, unit, time, where }: ForecastRule): string {
  const what =
    column === null ? "how many rows" : aggregate === "count" ? `how many ${column}` : `the ${aggregate} of ${column}`;
  return `${what} of ${eventWords(dataset, where)} by ${unit} (${time})`;
}

/** The label of a problem whose rows are made at cutoffs in words. */
export function ruleWords(dataset: string, label: EventRule | ForecastRule): string {
  const event = eventWords(dataset, label.where);
  if (label.kind === "forecast") return `${seriesWords(dataset, label)} at each of ${label.steps} steps ahead`;
  switch (label.kind) {
    case "occurs":
      return label.first
        ? `the first row of ${event} falls inside the window by ${label.time}`
        : `a row of ${event} falls inside the window by ${label.time}`;
    case "next":
      return `${label.column} of the next row of ${event} inside the window by ${label.time}`;
    case "until":
      return `days until the next row of ${event} by ${label.time}, at most the window's length`;
    case "value":
      return `${amountWords(dataset, label)} inside the window by ${label.time}`;
  }
}

/** Who is asked about at a date: `with a row of orders in the 365 days up to 2026-07-01`. */
export function populationWords({ population, label, dataset }: Problem, at: string): string {
  if (population === undefined) return `of ${dataset}`;
  const { dataset: table, time, days, where } = population;
  const when = time === null ? "" : days === null ? ` up to ${at}` : ` in the ${days} days up to ${at}`;
  const never = label.kind === "occurs" && label.first ? ` and none of ${eventWords(dataset, label.where)} yet` : "";
  return `with a row of ${eventWords(table, where)}${when}${never}`;
}
