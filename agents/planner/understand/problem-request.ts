import type { Candidate } from "./candidate.ts";
import { groundExclusions } from "./exclusions.ts";
import { horizonArgument } from "./horizon.ts";
import { relatedTo } from "./keys.ts";
import type { ReadText } from "./read.ts";
import { type CatalogView, sources } from "./view.ts";

/** The arguments of a prediction problem, named as `define_problem` takes them, and what was assumed for them. */
export type ProblemArguments = { arguments: Record<string, unknown>; assumptions: string[] };

/** What a reading predicts, by its display name. */
export const targetName = ({ target }: Candidate): string => (target.kind === "column" ? target.column : target.word);

/** Writes the arguments of the reading that was settled on, with everything else the text said. */
export function problemRequest(chosen: Candidate, read: ReadText, catalog: CatalogView): ProblemArguments {
  const { dataset, target } = chosen;
  const assumptions: string[] = [];
  const args: Record<string, unknown> = { dataset: dataset.name };
  if (target.kind === "column") {
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
  const left = groundExclusions(read.exclusions, dataset, relatedTo(dataset, sources(catalog)));
  if (left.columns.length > 0) args.exclusions = left.columns;
  if (read.metric) args.metric = read.metric;
  if (read.task && target.kind === "column") args.task = read.task;
  if (read.name) args.name = read.name;
  return { arguments: args, assumptions: [...assumptions, ...left.assumptions] };
}
