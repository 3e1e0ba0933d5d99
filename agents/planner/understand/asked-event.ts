import { type Candidate, close } from "./candidate.ts";
import { entityOf } from "./event.ts";
import { isKey, keyOf } from "./keys.ts";
import { mentions } from "./mention.ts";
import { likeness } from "./synonyms.ts";
import type { CatalogView, ColumnView, DatasetView } from "./view.ts";
import { sources } from "./view.ts";
import { isStopWord, stem, stemsOf, type Word, wordsOf } from "./words.ts";

/** What a text asks of events to come: whether one follows (or the first), which or when the next is, how much or how many. */
export type EventQuestion = "occurs" | "first" | "next" | "until" | "value" | "count" | "forecast";

const verbs =
  "place|make|submit|open|file|raise|have|book|create|log|send|order|reorder|buy|purchase|repurchase|pay|transact|return|come\\s+back|visit|spend";
const ahead = "will|would|going\\s+to|likely\\s+to|about\\s+to|expected\\s+to|whether|who|which|if";
const patterns: [RegExp, EventQuestion][] = [
  [
    /\b(?:how\s+(?:long|many\s+days|soon)\s+(?:until|till|before|to)|days?\s+(?:until|till|to)\s+(?:the\s+|their\s+|each\s+|a\s+)?|when\b.*?)\s*\bnext\b/i,
    "until",
  ],
  [/\bwhen\s+will\b.*\bagain\b/i, "until"],
  [/\b(?:what|which)\b.*\bnext\b(?!\s+(?:\d|day|week|month|quarter|year))/i, "next"],
  [/\bpredict\b.*\bnext\s+(?!\d|day|week|month|quarter|year)[a-z]/i, "next"],
  [/\bhow\s+many\b.*\b(?:will|would|going\s+to)\b.*\b(?:each|every|a|per|customers?|clients?|users?)\b/i, "count"],
  [/\bnumber\s+of\b.*\b(?:per|by|for\s+each|for\s+every|of\s+each)\b/i, "count"],
  [/\bhow\s+much\b.*\b(?:will|would|going\s+to)\b/i, "value"],
  [
    /\b(?:spend(?:ing)?|revenue|sales|turnover|amount|total|worth)\b.*\b(?:per|by|of\s+each|for\s+each|of\s+every|for\s+every)\b/i,
    "value",
  ],
  [/\bfirst\b/i, "first"],
  [new RegExp(`\\b(?:${ahead})\\b.*\\b(?:${verbs})\\b`, "i"), "occurs"],
  [/\bpredict\b.*\b(?:repurchases?|reorders?|repeat\s+(?:orders?|purchases?))\b/i, "occurs"],
];

/** The question about events that a text is; null where it has no words of one. */
export const readEventQuestion = (text: string): EventQuestion | null =>
  patterns.find(([pattern]) => pattern.test(text))?.[1] ?? null;

const buying = new Set(
  "order orders ordered ordering reorder buy buys bought purchase purchases repurchase spend spending spent revenue sales pay transact"
    .split(" ")
    .map(stem),
);
const money = new Set(
  "amount total price revenue value sale sales paid cost spend fee charge net gross turnover".split(" ").map(stem),
);
const pieces = new Set("quantity qty unit units pieces count".split(" ").map(stem));
const events = (dataset: DatasetView) =>
  dataset.time !== null && !dataset.columns.some((one) => one.name === dataset.time && one.unique);
const number = ({ type }: ColumnView) => type === "number" || type === "integer";
const said = (words: readonly Word[], name: string) =>
  stemsOf(name).some((part) => part.length > 2 && words.some((word) => likeness(part, word.stem) > 0));
const hasPart = (column: ColumnView, parts: ReadonlySet<string>) =>
  stemsOf(column.name).some((part) => parts.has(part));

/** The key of whom events belong to: the one that the text names, else the likeliest. Null where each row is its own. */
function whose(dataset: DatasetView, words: readonly Word[], all: readonly DatasetView[]): ColumnView | null {
  const keys = dataset.columns.filter((column) => isKey(column) && column.unique !== true);
  const named = keys.find((column) =>
    keyOf(column).some((part) => words.some((word) => likeness(part, word.stem) > 0)),
  );
  const usual = entityOf(dataset, all);
  return named ?? (usual?.unique === true ? null : usual);
}

/** The amount that a text means: a column it names, else the one that reads as money, a unit's price times the pieces. */
function amountOf(dataset: DatasetView, words: readonly Word[]): { column: string; times?: string } | null {
  const numbers = dataset.columns.filter((column) => number(column) && !isKey(column));
  const literal = numbers.find((column) =>
    stemsOf(column.name).every((part) => words.some((word) => word.stem === part)),
  );
  if (literal) return { column: literal.name };
  const paid = numbers.filter((column) => hasPart(column, money));
  const each = paid.find(
    (column) => stemsOf(column.name).includes(stem("unit")) || stemsOf(column.name).includes(stem("price")),
  );
  const many = numbers.find((column) => hasPart(column, pieces) && !paid.includes(column));
  if (each && many && paid.length === 1) return { column: each.name, times: many.name };
  return paid.length === 1 ? { column: paid[0]!.name } : null;
}

/** The category that a text names among a table's columns. */
function categoryOf(dataset: DatasetView, words: readonly Word[]): string | null {
  const few = ({ type, classes, distinct }: ColumnView) =>
    type === "boolean" || ((type === "text" || type === "integer") && ((classes ?? distinct ?? 2) as number) >= 2);
  const found = dataset.columns.filter(
    (column) =>
      !isKey(column) &&
      few(column) &&
      stemsOf(column.name).some((part) => words.some((word) => likeness(part, word.stem) === 1)),
  );
  return found[0]?.name ?? null;
}

/**
 * The readings of a question about events over the tables of the catalog that hold such, best first; empty where no table
 * does. A table counts whose name the text says, or, of buying and spending, one with an amount of the entity's.
 */
export function eventCandidates(question: EventQuestion, text: string, catalog: CatalogView): Candidate[] {
  const all = sources(catalog);
  const words = wordsOf(text).filter((word) => !isStopWord(word) || buying.has(word.stem));
  const spoken = mentions(text, wordsOf(text), all);
  const named = spoken.filter(({ strength }) => strength === "named").map(({ dataset }) => dataset);
  const found = all.filter(events).flatMap((dataset): Candidate[] => {
    const key = whose(dataset, words, all);
    if (key === null || (named.length > 0 && !named.includes(dataset))) return [];
    const parts = stemsOf(dataset.name).filter((part) => part.length > 2 && !keyOf(key).includes(part));
    const hits = parts.filter((part) => words.some((word) => likeness(part, word.stem) > 0)).length;
    const bought =
      words.some((word) => buying.has(word.stem)) && amountOf(dataset, []) !== null && said(words, key.name);
    const share = parts.length === 0 ? 0 : hits / parts.length;
    if (share === 0 && !bought && !named.includes(dataset)) return [];
    const amount = question === "value" ? amountOf(dataset, words) : null;
    const category = question === "next" ? categoryOf(dataset, words) : null;
    if ((question === "value" && amount === null) || (question === "next" && category === null)) return [];
    const score = share + (named.includes(dataset) ? 1 : 0) + (bought ? 0.3 : 0) + (said(words, key.name) ? 0.2 : 0);
    const target = { kind: "events" as const, question, entity: key.name, time: dataset.time!, amount, category };
    const because = `${dataset.name} holds such rows of each ${key.name} by ${dataset.time}`;
    return [{ dataset, target, score, strong: true, told: 1, because }];
  });
  const sorted = found.sort((a, b) => b.score - a.score || a.dataset.name.localeCompare(b.dataset.name));
  return sorted.filter((one) => sorted[0]!.score - one.score < close).slice(0, 6);
}

/** Words for what kind of event is meant that neither table, key nor grammar accounts for ("failure" of payments). */
export function unsaid(candidate: Candidate, text: string): string[] {
  if (candidate.target.kind !== "events") return [];
  const { dataset, target } = candidate;
  const known = [dataset.name, target.entity, target.amount?.column, target.amount?.times, target.category].filter(
    (name) => name != null,
  );
  const grammar = new RegExp(
    `^(?:${verbs.replaceAll("\\s+", "|")}|first|next|many|much|number|again|until|till|long|soon|days?|total|sum|average|mean|repeat|customers?|clients?|users?|they|person|people|someone|anyone|another|least|one|once|back|come|more|worth|costs?|spending|revenue|sales|turnover|amounts?|orders?|purchases?|buys?|within|during|after|before|known|then)$`,
    "i",
  );
  return wordsOf(text)
    .filter((word) => !isStopWord(word) && !grammar.test(word.text) && !known.some((name) => said([word], name)))
    .map((word) => word.text);
}
