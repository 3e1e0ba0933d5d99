import type { Candidate } from "./candidate.ts";
import { intervalOf } from "./event.ts";
import { isKey, keyOf } from "./keys.ts";
import { likeness, meansEnding, meansLeaving } from "./synonyms.ts";
import type { ColumnView, DatasetView } from "./view.ts";
import { stem, stemsOf, type Word } from "./words.ts";

/** What a text says of its target: its words that carry meaning, the one that the phrase is about, the datasets named beyond doubt. */
export type Said = { text: string; words: Word[]; head: Word | null; named: readonly DatasetView[]; horizon: boolean };

const filler = new Set("is has was had did flag ind indicator will label target".split(" ").map(stem));
const strongFrom = 0.6;
const possibleFrom = 0.34;

/** Every reading of what is said over the given datasets: columns by their names, and events of interval tables; best first. */
export function candidatesFor(said: Said, datasets: readonly DatasetView[], all: readonly DatasetView[]): Candidate[] {
  return datasets
    .flatMap((dataset) => [
      ...dataset.columns.flatMap((column) => columnCandidate(said, dataset, column)),
      ...eventCandidate(said, dataset, all),
    ])
    .sort((a, b) => b.score - a.score || a.dataset.name.localeCompare(b.dataset.name));
}

function columnCandidate(said: Said, dataset: DatasetView, column: ColumnView): Candidate[] {
  const literal = saysLiterally(said.text, column.name);
  const moment = column.type === "date" || column.type === "timestamp";
  // Another text in every row names the row: nobody predicts that, however it is called.
  if (column.unique === true && column.type === "text" && dataset.rows > 1) return [];
  if (!literal && (isKey(column) || moment)) return [];
  const matched = new Set<Word>();
  const share = literal ? 1 : shareSaid(said.words, dataset, column, matched);
  for (const word of said.words) if (literal && stemsOf(column.name).includes(word.stem)) matched.add(word);
  if (share < possibleFrom) return [];
  const told = explained(said, dataset, matched);
  const about = literal || (said.head !== null && matched.has(said.head));
  const spelled = literal && /[^a-z]/i.test(column.name);
  const score = 0.6 * share + 0.3 * told + (about ? 0.2 : 0) + nameBonus(said, dataset, matched) + (spelled ? 0.2 : 0);
  const strong = share >= strongFrom && (about || told >= strongFrom);
  const because = literal
    ? `the request names the column ${column.name}`
    : `${column.name} is the column closest to "${[...matched].map((word) => word.text).join(" ")}"`;
  return [{ dataset, target: { kind: "column", column: column.name }, score, strong, told, because }];
}

/** How much of a column's name the words say, 0..1. A prefix that three or more columns share says little. */
function shareSaid(words: readonly Word[], dataset: DatasetView, column: ColumnView, matched: Set<Word>): number {
  const all = stemsOf(column.name);
  const parts = all.filter((part) => !filler.has(part));
  if (parts.length === 0) parts.push(...all);
  const heard = parts.map((part) => {
    let best = 0;
    let by: Word | null = null;
    for (const word of words) {
      const like = likeness(part, word.stem);
      if (like > best) [best, by] = [like, word];
    }
    if (by) matched.add(by);
    return best;
  });
  if (heard.every((like) => like === 0)) return 0;
  const shared = (part: string) => dataset.columns.filter((other) => stemsOf(other.name)[0] === part).length >= 3;
  const weights = parts.map((part) => (parts.length > 1 && shared(part) ? 0.1 : 1));
  const said = heard.reduce((sum, like, i) => sum + weights[i]! * like, 0);
  return said / weights.reduce((sum, weight) => sum + weight, 0);
}

/** The share of the text's words that a reading accounts for: its own, its dataset's name, whom its rows belong to. */
function explained(said: Said, dataset: DatasetView, matched: ReadonlySet<Word>): number {
  if (said.words.length === 0) return 1;
  // A word that is a column's whole name is about that column, though the dataset bears it too.
  const whole = new Set(dataset.columns.map((column) => stemsOf(column.name).join(" ")));
  const ofName = stemsOf(dataset.name).filter((part) => !whole.has(part));
  const around = new Set([...ofName, ...dataset.columns.filter(isKey).flatMap(keyOf)]);
  const known = said.words.filter(
    (word) => matched.has(word) || [...around].some((part) => likeness(part, word.stem) > 0),
  );
  return known.length / said.words.length;
}

/** A reading is likelier where the text has a further word of its dataset's name. */
const nameBonus = (said: Said, dataset: DatasetView, matched: ReadonlySet<Word>): number => {
  const name = stemsOf(dataset.name).filter((part) => part.length > 2);
  return said.words.some((word) => !matched.has(word) && name.includes(word.stem)) ? 0.1 : 0;
};

function eventCandidate(said: Said, dataset: DatasetView, all: readonly DatasetView[]): Candidate[] {
  const interval = intervalOf(dataset, all);
  if (!interval) return [];
  const leaving = said.words.find((word) => meansLeaving(word.stem));
  const ending = said.words.find(
    (word) => meansEnding(word.stem) || (word.stem !== stem("date") && stemsOf(interval.end).includes(word.stem)),
  );
  const named = said.named.includes(dataset) || said.words.some((word) => stemsOf(dataset.name).includes(word.stem));
  const word = interval.lasting ? (leaving ?? (named ? ending : undefined)) : named ? ending : undefined;
  if (!word) return [];
  const told = explained(said, dataset, new Set([word]));
  const score =
    0.5 +
    0.3 * told +
    (said.head === word ? 0.2 : 0) +
    nameBonus(said, dataset, new Set([word])) +
    (said.horizon ? 0.3 : 0);
  const name = leaving === word ? "churn" : "end";
  const because = `"${word.text}" is read as: a row of ${dataset.name} ends (${interval.end}) and no other one of the same ${interval.entity} goes on`;
  return [
    {
      dataset,
      target: { kind: "ended", word: name, ...interval },
      score,
      strong: said.head === word || told >= strongFrom,
      told,
      because,
    },
  ];
}

/** Whether a text spells a column's name; one that is made of everyday words only right after a word for a target, or in quotes. */
export function saysLiterally(text: string, name: string): boolean {
  // Most names don't stand in the text at all, and a pattern for each would cost more than all the rest.
  if (!text.toLowerCase().includes(name.toLowerCase())) return false;
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const alone = (pattern: string) => new RegExp(`(?<![\\p{L}\\p{N}_])${pattern}(?![\\p{L}\\p{N}_])`, "iu").test(text);
  if (/[_\d]|\p{Ll}\p{Lu}/u.test(name) && stemsOf(name).length > 1) return alone(escaped);
  const lead = "(?:predict|predicting|forecast|forecasting|estimate|classify)(?:\\s+the)?\\s+";
  const ending = "(?=\\s*(?:$|[.,;:?!=]|(?:of|for|in|by|from|with|using|on|and|over|to|per|as|based|given|at)\\b))";
  const named = "(?:target|label|column|field|variable)(?:\\s+(?:is|column|called|named|:|=))*\\s+";
  return alone(`(?:["'\`]${escaped}["'\`]|${named}${escaped}|${lead}${escaped}${ending})`);
}
