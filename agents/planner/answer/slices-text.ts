import type { ErrorSlices } from "@muster/shared/domain/slice.ts";
import { citing } from "./cite.ts";
import type { AnswerInput } from "./facts.ts";
import { count, merit, sentence } from "./say.ts";

/** Columns that weren't looked at are named one by one up to here. */
const mostLeftOut = 5;

/**
 * The answer to "where is it wrong": how many errors there are, each slice in which the model is mistaken in its own words,
 * then what is hard and known to be so, or that nothing could be confirmed.
 */
export function slicesText(found: ErrorSlices, input: AnswerInput): string {
  const cite = citing(input);
  const mark = cite("slices.found");
  const { slices, hard, rows, errors, farOff, searched, split, tested, leftOut } = found;
  const wrong = farOff === null ? "wrong" : `off by more than ${merit(farOff)}`;
  const problem = input.facts["problem.defined"];
  const upper = (text: string) => text.replace(/^./, (first) => first.toUpperCase());
  const looked = `${count(searched.features)} features, ${count(searched.columns)} columns that the model doesn't read and ${count(searched.probes)} probes of what happened before`;
  const halves = `found on ${count(split.discovery)} rows, confirmed on ${count(split.confirmation)} others (split by ${split.by})`;
  const outcome =
    errors < 30
      ? "That is too few to confirm where"
      : slices.length === 0
        ? `No slice could be confirmed in which it is more often mistaken than it expects, of ${count(tested)} that were put to the test`
        : `It is mistaken in ${count(slices.length)} of ${count(tested)} slices that were put to the test`;
  const parts = [
    problem ? [sentence(problem.sentence, cite("problem.defined"))] : [],
    [
      sentence(`Out of fold the model is ${wrong} on ${count(errors)} of ${count(rows)} rows`, mark),
      sentence(outcome, mark),
    ],
    slices.map(({ words }) => sentence(upper(words), mark)),
    hard.map(({ words }) => sentence(`Hard, and known to be so: ${words}`, mark)),
    errors < 30 ? [] : [sentence(`Looked for in ${looked}; ${halves}`, mark)],
    leftOut.slice(0, mostLeftOut).map(({ name, reason }) => sentence(`Not looked at: ${name}, ${reason}`, mark)),
  ];
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join("\n"))
    .join("\n\n");
}
