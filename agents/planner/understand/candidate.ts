import type { Interval } from "./event.ts";
import type { DatasetView } from "./view.ts";

/** What is to be predicted: a column's value, or that an interval of a table ends. `word` names the event. */
export type Target = { kind: "column"; column: string } | ({ kind: "ended"; word: string } & Interval);

/**
 * A reading of what a request wants predicted. `score`: how much of the column's name and of the text it accounts for;
 * readings within `close` of each other are as good. `strong`: enough of the name was said to take it without asking.
 * `told`: the share of the text's words that it accounts for.
 */
export type Candidate = {
  dataset: DatasetView;
  target: Target;
  score: number;
  strong: boolean;
  told: number;
  because: string;
};

/** Two readings whose scores differ by less are as good as each other. */
export const close = 0.08;

/** A reading as a person is asked about it, and as it is answered. */
export function phraseOf({ dataset, target }: Candidate): string {
  if (target.kind === "column") return `${target.column} in ${dataset.name}`;
  return `${target.word} from ${dataset.name} (${target.start} to ${target.end})`;
}
