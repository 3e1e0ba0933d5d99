import type { Condition, LabelRule, Problem } from "../domain/problem.ts";

/** A rule that counts events of entities in the window after a cutoff. */
export type EventRule = Exclude<Extract<LabelRule, { time: string }>, ForecastRule>;

/** A rule that forecasts the units of a series after an origin. */
export type ForecastRule = Extract<LabelRule, { kind: "forecast" }>;

/** The category of a row without an event in its window (`next`). */
export const NO_EVENT = "(none)";

/** Whether labels are made from events after a cutoff. A row then has no columns of its own but the entity's key. */
export const isEventRule = (label: LabelRule): label is EventRule => hasNoOwnRow(label) && label.kind !== "forecast";

/** Whether a row is no row of the label's table, but made at a cutoff: of an entity's events, or of a series ahead. */
export const hasNoOwnRow = (label: LabelRule): label is EventRule | ForecastRule =>
  label.kind !== "column" && label.kind !== "ended";

/** The column that is the label, and nothing that could be known before; null where the label is made of events to come. */
export const labelColumn = (label: LabelRule): string | null =>
  label.kind === "column" ? label.column : label.kind === "ended" ? label.end : null;

/** The column of the label's table that says when its rows begin to be, by a rule with cutoffs; null for a flat table. */
export const ruleTime = (label: LabelRule): string | null =>
  label.kind === "column" ? null : label.kind === "ended" ? label.start : label.time;

const ofConditions = (where: readonly Condition[]): string[] => where.map(({ column }) => column);

/** The columns of the label's table that a rule reads beside times: values, categories, conditions. */
export function ruleValues(label: LabelRule): string[] {
  switch (label.kind) {
    case "column":
      return [label.column];
    case "ended":
      return [label.end];
    case "occurs":
    case "until":
      return [...new Set(ofConditions(label.where))];
    case "next":
      return [...new Set([label.column, ...ofConditions(label.where)])];
    case "forecast":
      return [
        ...new Set(
          [label.column, label.hour, ...ofConditions(label.where)].filter((name): name is string => name !== null),
        ),
      ];
    case "value":
      return [
        ...new Set(
          [label.column, label.times, ...ofConditions(label.where)].filter((name): name is string => name !== null),
        ),
      ];
  }
}

/** A column that labels and population are made from, and what for. */
export type LabelRead = { dataset: string; column: string; as: "key" | "time" | "value" };

/** Every column that a problem reads to make its rows and their labels. */
export function labelReads({ dataset, entity, time, label, population, holdout }: Problem): LabelRead[] {
  const own = (as: LabelRead["as"], columns: readonly (string | null)[]): LabelRead[] =>
    columns.flatMap((column) => (column === null ? [] : [{ dataset, column, as }]));
  const arrived = label.kind === "occurs" ? label.arrived : null;
  const whom =
    population === undefined
      ? []
      : [
          { dataset: population.dataset, column: population.key, as: "key" as const },
          ...[population.time, population.arrived].flatMap((column) =>
            column === null ? [] : [{ dataset: population.dataset, column, as: "time" as const }],
          ),
          ...ofConditions(population.where).map((column) => ({
            dataset: population.dataset,
            column,
            as: "value" as const,
          })),
        ];
  return [
    ...own("key", [entity]),
    ...own("time", [time, ruleTime(label), arrived, holdout.kind === "last_time" ? holdout.time : null]),
    ...own("value", ruleValues(label)),
    ...whom,
  ];
}

/** The class that counts as the event, as labels spell it: the problem's own, "1" where a rule makes the label; null where there is none. */
export const positiveOf = ({ task, label }: Pick<Problem, "task" | "label">): string | null =>
  task !== "binary" ? null : label.kind === "column" ? label.positive : "1";
