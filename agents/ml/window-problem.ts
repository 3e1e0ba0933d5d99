import type { Column, ColumnType } from "@muster/shared/domain/dataset.ts";
import type { Condition, LabelRule, Population, Problem, Task } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import type { ClassCount } from "@muster/shared/features/enough.ts";
import { addDays, addHorizon, completeUntil, dateOf, knownAt } from "@muster/shared/features/horizon.ts";
import { type EventRule, NO_EVENT } from "@muster/shared/features/label-rule.ts";
import { amountWords, eventWords, populationWords } from "@muster/shared/features/label-words.ts";
import { NUMERIC, TEMPORAL } from "@muster/shared/features/schema.ts";
import { closedCutoffs, HISTORY_SHARE, inWords, MOST_CUTOFFS, type Spacing, windowOf } from "./cutoffs.ts";
import type { DatasetFacts } from "./dataset-facts.ts";
import { type Draft, metricFor, type ProblemRequest, slug, type WindowRequest } from "./define-problem.ts";
import { namedColumn } from "./nearest.ts";

/** What was measured beside the label's table: how many of its rows meet the conditions, and the table of whom they belong to. */
export type WindowFacts = { rows: number; classes: ClassCount[] | null; people: DatasetFacts | null };

/** Who was quiet for longer than a year, or two horizons, is asked about no more unless somebody says so. */
const ACTIVE_DAYS = 365;

type Asked = { request: ProblemRequest; event: WindowRequest; facts: DatasetFacts; measured: WindowFacts };

/** The column that a word names, as its table has it. */
export const columnNamed = ({ manifest }: DatasetFacts, word: string): Column => {
  const name = namedColumn(manifest.columns, word, manifest.name);
  return manifest.columns.find((column) => column.name === name)!;
};

/** A named column that must have one of the types. `invalid_input` says which it has, and what is wanted. */
export function typed(facts: DatasetFacts, word: string, types: readonly ColumnType[], what: string): Column {
  const column = columnNamed(facts, word);
  if (!types.includes(column.type))
    throw fault("invalid_input", `${facts.manifest.name}.${column.name} is ${column.type}; ${what}`, {
      column: column.name,
    });
  return column;
}

/** The conditions with each column spelled as the table spells it. */
export const conditionsOf = (facts: DatasetFacts, where: readonly Condition[] = []): Condition[] =>
  where.map((one) => ({ ...one, column: columnNamed(facts, one.column).name }));

/** The event time: the one that was named, else the table's own. `invalid_input` without one. */
export function eventTime(facts: DatasetFacts, asked: string | undefined): Column {
  const { name, time } = facts.manifest;
  const word = asked ?? time;
  if (word === null)
    throw fault("invalid_input", `${name} has no event time; load it with --time, or name a column of dates as time`);
  return typed(facts, word, TEMPORAL, "the time of events needs dates");
}

function ruleOf({ event, facts, measured }: Asked): { label: EventRule; task: Task; target: string } {
  const { name, arrived } = facts.manifest;
  const base = { time: eventTime(facts, event.time).name, where: conditionsOf(facts, event.where) };
  switch (event.kind) {
    case "occurs": {
      const first = event.first ?? false;
      const label = { kind: "occurs" as const, ...base, first, arrived: first ? arrived : null };
      return { label, task: "binary", target: first ? `first_${name}` : `${name}_follows` };
    }
    case "next": {
      if (event.category === undefined)
        return { label: { kind: "until", ...base }, task: "regression", target: `days_to_${name}` };
      const of = ["text", "boolean", "integer"] as const;
      const { name: column } = typed(facts, event.category, of, "a category is text or a whole number");
      const { classes } = measured;
      if (classes === null || classes.length < 2)
        throw fault(
          "unfit",
          `${name}.${column} has ${classes === null ? "too many values for classes" : `${classes.length} value(s)`}; name another category`,
        );
      if (classes.some(({ label }) => label === NO_EVENT))
        throw fault(
          "invalid_input",
          `${name}.${column} has the value ${NO_EVENT}, which stands for no event; rename it`,
        );
      return { label: { kind: "next", ...base, column }, task: "multiclass", target: `next_${column}` };
    }
    case "value": {
      const number = (word: string) => typed(facts, word, NUMERIC, "only numbers are added up").name;
      const column = event.column === undefined ? null : number(event.column);
      if (column === null && event.aggregate !== "count")
        throw fault(
          "invalid_input",
          `the ${event.aggregate} of which column of ${name}? pass column, or count its rows`,
        );
      if (column === null && event.times !== undefined)
        throw fault("invalid_input", `times multiplies a column of ${name}; pass that as column`);
      const times = event.times === undefined ? null : number(event.times);
      const target =
        column === null ? `${name}_count` : `${event.aggregate}_${times === null ? column : `${column}_${times}`}`;
      return {
        label: { kind: "value", ...base, aggregate: event.aggregate, column, times },
        task: "regression",
        target,
      };
    }
  }
}

function populationOf({ request, event, facts, measured }: Asked, entity: Column, horizonDays: number) {
  const asked = request.population ?? {};
  const own = measured.people === null;
  const people = measured.people ?? facts;
  const { name, arrived, time } = people.manifest;
  const key = columnNamed(people, asked.key ?? entity.name);
  if (key.type !== entity.type)
    throw fault(
      "invalid_input",
      `${name}.${key.name} is ${key.type} and ${facts.manifest.name}.${entity.name} ${entity.type}; name a key of the same type`,
    );
  const never = event.kind === "occurs" && event.first === true;
  if (never && own && (event.where ?? []).length === 0 && asked.where === undefined)
    throw fault(
      "invalid_input",
      `who never had a row of ${name} isn't in ${name}; pass the table of everybody as population: {"dataset": …}`,
    );
  const at = own ? eventTime(facts, asked.time ?? event.time).name : (asked.time ?? time);
  const when = at === null ? null : typed(people, at, TEMPORAL, "since when somebody is known needs dates").name;
  // One row a person says since when, however long ago; events say who is still there.
  const one = !own && people.distinct[key.name] === people.manifest.rows;
  const usual = when === null || one ? null : Math.max(ACTIVE_DAYS, 2 * horizonDays);
  const days = asked.withinDays === undefined ? usual : asked.withinDays;
  if (days !== null && when === null)
    throw fault("invalid_input", `${name} has no time that withinDays could count from; pass time, or leave it out`);
  const population: Population = {
    ...{ dataset: name, key: key.name, time: when, arrived: when === null ? null : arrived, days },
    where: conditionsOf(people, asked.where),
  };
  const assumptions = [
    ...(when === null
      ? [`${name} doesn't say since when somebody is known: all of its rows count at every cutoff.`]
      : []),
    ...(usual === null || asked.withinDays !== undefined
      ? []
      : [`Who had no row of ${name} for ${usual} days isn't asked about.`]),
  ];
  return { population, assumptions };
}

/** The question in words, from the cutoff that is scored. */
function questionOf(dataset: string, label: EventRule, from: string, until: string): string {
  const event = eventWords(dataset, label.where);
  const when = `after ${from} and by ${until}`;
  switch (label.kind) {
    case "occurs":
      return label.first
        ? `will their first row of ${event} follow (${label.time}) ${when}?`
        : `will a row of ${event} follow (${label.time}) ${when}?`;
    case "next":
      return `which ${label.column} will the next row of ${event} have (${label.time}), ${when}, if one follows?`;
    case "until":
      return `how many days after ${from} will the next row of ${event} follow (${label.time}), counted up to ${until}?`;
    case "value":
      return `${label.column === null || label.aggregate === "count" ? "" : "what will be "}${amountWords(dataset, label)} (${label.time}) ${when}?`;
  }
}

const saidOfLabel = (label: EventRule, dataset: string): string[] => {
  switch (label.kind) {
    case "occurs":
      return [];
    case "next":
      return [`Who has no row of ${dataset} in the window counts as ${NO_EVENT}.`];
    case "until":
      return [`Who has no row of ${dataset} in the window counts with its whole length.`];
    case "value":
      return ["count", "sum"].includes(label.aggregate)
        ? [`Who has no row of ${dataset} in the window counts as 0.`]
        : [`Who has no row of ${dataset} in the window is scored and not learned from.`];
  }
};

/**
 * The cutoffs that may be learned from: known by now, with history before them; the latest is held out, and every other one
 * is known by its moment. `unfit` where fewer than two are.
 */
function cutoffsOf(
  { request, facts, measured }: Asked,
  time: Column,
  horizon: NonNullable<Problem["horizon"]>,
  scoring: Date,
  now: Date,
) {
  const starts = [facts.timeRange[time.name], measured.people?.timeRange[measured.people.manifest.time ?? ""]].flatMap(
    (range) => (range ? [new Date(range.min)] : []),
  );
  const first = new Date(Math.max(...starts.map((start) => start.getTime())));
  const length = addHorizon(first, horizon).getTime() - first.getTime();
  const from = new Date(first.getTime() + HISTORY_SHARE * length);
  const spacing: Spacing = { every: request.cutoffs?.every ?? horizon, count: request.cutoffs?.count ?? MOST_CUTOFFS };
  const gapDays = request.gapDays ?? 0;
  const delayDays = request.labelDelayDays ?? 0;
  const by = completeUntil(now, time.type);
  const known = (cutoff: Date) => knownAt(addDays(cutoff, gapDays), horizon, delayDays);
  const cutoffs = closedCutoffs(scoring, spacing, from, { by, known, purged: true });
  if (cutoffs.length >= 2) return cutoffs;
  const said = cutoffs.length === 0 ? "none" : `only ${dateOf(cutoffs[0]!)}`;
  const gap = gapDays === 0 ? "" : ` after a gap of ${gapDays} days`;
  const delay = delayDays === 0 ? "" : `, known ${delayDays} days later`;
  const message = `learning needs two earlier windows of ${inWords(horizon)}${gap}${delay}, the later one to check the model; ${said} fits between ${dateOf(from)} and ${dateOf(by)}: load a longer history or ask about a shorter period`;
  throw fault("unfit", message, { closed: cutoffs.map(dateOf), from: dateOf(from), now: dateOf(by) });
}

/** Defines the problem of what becomes of an entity's events in a window after the cutoff. */
export function defineWindow(
  request: ProblemRequest,
  event: WindowRequest,
  facts: DatasetFacts,
  now: string | null,
  measured: WindowFacts | undefined,
  exclusions: string[],
): Draft {
  if (measured === undefined) throw fault("broken_contract", "the events asked about weren't measured");
  const asked: Asked = { request, event, facts, measured };
  const { name: dataset } = facts.manifest;
  const entity = columnNamed(facts, event.entity);
  if (exclusions.includes(entity.name))
    throw fault("invalid_input", `${entity.name} is the entity and can't be excluded`);
  if (request.positive !== undefined)
    throw fault(
      "invalid_input",
      "an event that happens is what counts; positive names a class of a column: leave it out",
    );
  const { label, task, target } = ruleOf(asked);
  if (request.task !== undefined && request.task !== task)
    throw fault(
      "invalid_input",
      `what is asked of ${dataset} is a ${task} question, not ${request.task}; leave task out`,
    );
  const time = columnNamed(facts, label.time);
  if (facts.timeRange[time.name] === null || facts.timeRange[time.name] === undefined || now === null)
    throw fault("unfit", `${dataset}.${time.name} has no date in any row; load events that happened`);
  if (measured.rows === 0)
    throw fault(
      "unfit",
      `no row of ${eventWords(dataset, label.where)} has a ${entity.name} and a time; mend the conditions or load more data`,
    );
  const present = new Date(now);
  const open = completeUntil(present, time.type);
  const gapDays = request.gapDays ?? 0;
  // A day without an hour bears its own midnight: the window that begins with it is asked about the day before.
  const leadDays = gapDays + (time.type === "date" ? 1 : 0);
  const window = windowOf(request.horizon, present, { next: open, leadDays });
  const { horizon, scoring } = window;
  const length = (addHorizon(scoring, horizon).getTime() - scoring.getTime()) / 86_400_000;
  const { population, assumptions } = populationOf(asked, entity, length);
  const cutoffs = cutoffsOf(asked, time, horizon, scoring, present);
  const training = cutoffs.slice(0, -1).map(dateOf);
  const holdout = dateOf(cutoffs.at(-1)!);
  const from = addDays(scoring, gapDays);
  const draft: Draft = {
    name: slug(request.name ?? target),
    dataset,
    target: request.name ?? target,
    task,
    entity: entity.name,
    time: null,
    cutoffs: { training, holdout, scoring: dateOf(scoring) },
    horizon,
    ...(gapDays === 0 ? {} : { gapDays }),
    population,
    label: label satisfies LabelRule,
    labelDelayDays: request.labelDelayDays ?? 0,
    metric: metricFor(task, request.metric),
    exclusions,
    holdout: { kind: "last_cutoff", cutoff: holdout },
    now,
    sentence: "",
    assumptions: [
      ...window.assumptions,
      ...assumptions,
      ...saidOfLabel(label, dataset),
      `The data are taken to be complete up to ${dateOf(open)}; windows that are open then, or whose outcome isn't known yet, count neither for nor against.`,
    ],
  };
  const whom = populationWords({ ...draft, hash: "" }, dateOf(scoring));
  const question = questionOf(dataset, label, dateOf(from), dateOf(addHorizon(from, horizon)));
  const sentence = `For each ${entity.name} ${whom}: ${question} Learned from the same question on ${training.join(", ")}; checked once on ${holdout}.`;
  return { ...draft, sentence };
}
