import type { Candidate } from "./candidate.ts";
import { groundExclusions } from "./exclusions.ts";
import { quarterAgainst } from "./horizon.ts";
import { relatedTo } from "./keys.ts";
import type { ReadText } from "./read.ts";
import { type CatalogView, sources } from "./view.ts";

/** The arguments of a prediction problem, named as `define_problem` takes them, and what was assumed for them. */
export type ProblemArguments = { arguments: Record<string, unknown>; assumptions: string[] };

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
    args.target = target.word;
    args.event = { kind: "ended", entity: target.entity, start: target.start, end: target.end };
    args.horizon = read.horizon?.span ?? { count: 1, unit: "quarter" };
    if (!read.horizon) assumptions.push("no horizon named: one quarter ahead");
    const last = latest(catalog, dataset.name);
    const quarter = read.horizon?.quarter && last ? quarterAgainst(read.horizon.quarter, last) : null;
    if (quarter && !quarter.fits)
      assumptions.push(
        `"${read.horizon!.said}" isn't the next quarter after the data's last day (${last!.slice(0, 10)}): what can be scored is ${quarter.scored}`,
      );
  }
  const left = groundExclusions(read.exclusions, dataset, relatedTo(dataset, sources(catalog)));
  if (left.columns.length > 0) args.exclusions = left.columns;
  if (read.metric) args.metric = read.metric;
  if (read.task && target.kind === "column") args.task = read.task;
  if (read.name) args.name = read.name;
  return { arguments: args, assumptions: [...assumptions, ...left.assumptions] };
}

/** The newest event time of a dataset and what is related to it: what "now" means; null where none has times. */
function latest(catalog: CatalogView, name: string): string | null {
  const all = sources(catalog);
  const dataset = all.find((one) => one.name === name)!;
  const last = [dataset, ...relatedTo(dataset, all)].flatMap((one) => (one.range ? [one.range.to] : [])).sort();
  return last.at(-1) ?? null;
}
