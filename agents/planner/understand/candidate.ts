import type { SeriesUnit } from "@muster/shared/domain/problem.ts";
import type { EventQuestion } from "./asked-event.ts";
import type { Interval } from "./event.ts";
import type { DatasetView } from "./view.ts";

/** What becomes of an entity's events: rows of a table by its time. `amount`, `category`: what is asked of them. */
export type EventsTarget = {
  kind: "events";
  question: EventQuestion;
  entity: string;
  time: string;
  amount: { column: string; times?: string } | null;
  category: string | null;
  /** Of a forecast: by which unit, and the column that tells series apart. */
  forecast?: { unit: SeriesUnit; series: string | null };
};

/** What is to be predicted: a column's value, that an interval of a table ends (`word` names the event), or what becomes of events. */
export type Target = { kind: "column"; column: string } | ({ kind: "ended"; word: string } & Interval) | EventsTarget;

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
  if (target.kind === "events") return eventsPhrase(dataset.name, target);
  return `${target.word} from ${dataset.name} (${target.start} to ${target.end})`;
}

function eventsPhrase(dataset: string, { question, entity, amount, category, forecast }: EventsTarget): string {
  if (question === "forecast") return `${amount?.column ?? "rows"} of ${dataset} by ${forecast!.unit}`;
  const of = { occurs: "whether a row follows", first: "the first row", next: category, until: "days to the next row" };
  const much = amount === null ? "how many rows" : [amount.column, amount.times].filter(Boolean).join(" × ");
  const what =
    question === "value" || question === "count" ? (question === "count" ? "how many rows" : much) : of[question];
  return `${what} of each ${entity} in ${dataset}`;
}
