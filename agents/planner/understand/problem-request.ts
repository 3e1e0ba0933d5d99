import { unsaid } from "./asked-event.ts";
import type { Candidate, EventsTarget } from "./candidate.ts";
import { groundExclusions } from "./exclusions.ts";
import { horizonArgument } from "./horizon.ts";
import { previewWords } from "./intent.ts";
import { relatedTo } from "./keys.ts";
import type { ReadText } from "./read.ts";
import { type CatalogView, type ColumnView, type DatasetView, sources } from "./view.ts";

/** The arguments of a prediction problem, named as `define_problem` takes them, and what was assumed for them. */
export type ProblemArguments = { arguments: Record<string, unknown>; assumptions: string[] };

/** What a reading predicts, by its display name. */
export const targetName = ({ dataset, target }: Candidate): string => {
  if (target.kind === "column") return target.column;
  if (target.kind === "ended") return target.word;
  const { question, amount, category } = target;
  if (question === "forecast") return `${amount?.column ?? dataset.name}_forecast`;
  if (question === "value") return `sum_${[amount!.column, amount!.times].filter(Boolean).join("_")}`;
  const names = { next: `next_${category}`, until: `days_to_${dataset.name}`, count: `${dataset.name}_count` };
  if (question === "next" || question === "until" || question === "count") return names[question];
  return question === "first" ? `first_${dataset.name}` : `${dataset.name}_follows`;
};

/** The event as `define_problem` takes it. `like`: words that a value of one of the table's columns says. */
function eventOf(target: EventsTarget, read: ReadText, dataset: DatasetView, like: readonly string[]) {
  const { question, entity, amount, category } = target;
  const condition =
    read.positive && dataset.columns.find(({ name }) => name.toLowerCase() === read.positive!.column.toLowerCase());
  const where = condition ? [{ column: condition.name, in: [typedValue(read.positive!.value, condition)] }] : undefined;
  const base = { entity, ...(where && { where }), ...(like.length > 0 && { like }) };
  switch (question) {
    case "forecast": {
      const { unit, series } = target.forecast!;
      return { kind: "forecast", unit, ...amount, ...(series !== null && { series }), ...(where && { where }) };
    }
    case "occurs":
      return { kind: "occurs", ...base };
    case "first":
      return { kind: "occurs", ...base, first: true };
    case "next":
      return { kind: "next", ...base, category };
    case "until":
      return { kind: "next", ...base };
    case "count":
      return { kind: "value", ...base, aggregate: "count" };
    case "value":
      return { kind: "value", ...base, aggregate: "sum", ...amount };
  }
}

const typedValue = (value: string, { type }: ColumnView): string | number | boolean =>
  type === "boolean"
    ? /^(?:true|yes|t|y|1)$/i.test(value)
    : type === "integer" || type === "number"
      ? Number(value)
      : value;

/** Writes the arguments of the reading that was settled on, with everything else the text said. */
export function problemRequest(chosen: Candidate, read: ReadText, catalog: CatalogView): ProblemArguments {
  const { dataset, target } = chosen;
  const assumptions: string[] = [];
  const args: Record<string, unknown> = { dataset: dataset.name };
  if (target.kind === "events") {
    const like =
      target.question === "forecast" ? [] : unsaid(chosen, read.positive ? "" : read.rest.replace(previewWords, " "));
    args.event = eventOf(target, read, dataset, like);
    if (like.length > 0) assumptions.push(`"${like.join(" ")}" is looked for among the values of ${dataset.name}`);
    if (read.horizon) args.horizon = horizonArgument(read.horizon);
    if (read.withinDays !== null && target.question !== "forecast") args.population = { withinDays: read.withinDays };
  } else if (target.kind === "column") {
    args.target = target.column;
    if (read.horizon)
      assumptions.push(
        `${dataset.name} holds one row each with a finished label: "${read.horizon.said}" can't be applied, what is predicted is ${target.column} as the table has it`,
      );
    if (read.positive && read.positive.column.toLowerCase() === target.column.toLowerCase())
      args.positive = read.positive.value;
  } else {
    args.event = { kind: "ended", entity: target.entity, start: target.start, end: target.end };
    args.name = target.word;
    if (read.horizon) args.horizon = horizonArgument(read.horizon);
  }
  if (read.gapDays !== null) args.gapDays = read.gapDays;
  if (read.labelDelayDays !== null) args.labelDelayDays = read.labelDelayDays;
  if (read.every !== null && target.kind !== "column") args.cutoffs = { every: read.every };
  const left = groundExclusions(read.exclusions, dataset, relatedTo(dataset, sources(catalog)));
  if (left.columns.length > 0) args.exclusions = left.columns;
  if (read.metric) args.metric = read.metric;
  if (read.task && target.kind === "column") args.task = read.task;
  if (read.name) args.name = read.name;
  return { arguments: args, assumptions: [...assumptions, ...left.assumptions] };
}
