import { type Candidate, close } from "./candidate.ts";
import { relatedTo } from "./keys.ts";
import { meansLabel, plausibleTargets, possibleTargets, unnamed } from "./label.ts";
import { type Mention, mentions, ofName } from "./mention.ts";
import { atPosition, readPosition } from "./position.ts";
import { targetName } from "./problem-request.ts";
import { nothingFits, notUnderstood } from "./refuse.ts";
import { meansCount } from "./synonyms.ts";
import { candidatesFor, type Said } from "./target.ts";
import { type CatalogView, type DatasetView, sources } from "./view.ts";
import { isStopWord, stemsOf, type Word, wordsOf } from "./words.ts";

/** At most so many readings are asked about. */
const most = 6;

/**
 * The readings of what a text wants predicted that are as good as each other: one that is `strong` is the answer, anything
 * else is a question (at most six). Throws `not_found` where nothing in the catalog fits, `invalid_input` where the text says nothing.
 * `asked`: the text has a word for what to do.
 */
export function groundTarget(text: string, catalog: CatalogView, horizon: boolean, asked: boolean): Candidate[] {
  const all = sources(catalog);
  if (all.length === 0) throw nothingFits(catalog);
  const spoken = mentions(text, wordsOf(text), all);
  const named = spoken.filter((mention) => mention.strength === "named").map((mention) => mention.dataset);
  const position = readPosition(text);
  if (position !== null) return placed(position, spoken, all, catalog);

  const phrase = aboutOf(text);
  const pool = named.length > 0 ? [...named, ...named.flatMap((one) => relatedTo(one, all))] : all;
  for (const said of [saidIn(phrase, all, horizon, false), saidIn(phrase, all, horizon, true)]) {
    const candidates = candidatesFor(said, [...new Set(pool)], all).filter(
      (one) => named.length === 0 || named.includes(one.dataset) || one.target.kind === "ended",
    );
    const strong = best(candidates.filter((one) => one.strong));
    if (strong.length > 0) return strong;
    if (said.counted || !counts(phrase)) return weaker(said, candidates, spoken, all, catalog, asked);
  }
  throw nothingFits(catalog);
}

/** The best and those within `close` of it; of one dataset's column a single reading. */
const best = (candidates: readonly Candidate[]): Candidate[] =>
  [...candidates]
    .sort((a, b) => b.score - a.score)
    .filter((one, _, list) => list[0]!.score - one.score < close)
    .slice(0, most);

/** One reading that accounts for most of the text is taken, though it shares only a part of the column's name. */
const alone = (found: readonly Candidate[]): Candidate[] =>
  found.length === 1 && found[0]!.told >= 0.6 ? [{ ...found[0]!, strong: true }] : [...found];

/** The part of a text that says what is wanted: what comes after "using", "based on" and the like names where it is known from. */
function aboutOf(text: string): string {
  const plain = text.replace(/\b(?:at\s+risk\s+of|in\s+danger\s+of|about\s+to|prone\s+to)\b/gi, (said) =>
    " ".repeat(said.length),
  );
  const head = /^(.*?\S.*?)\b(?:based\s+on|using|given|depending\s+on|by\s+means\s+of|out\s+of|from)\b/is.exec(
    plain,
  )?.[1];
  return head && wordsOf(head).some((word) => !isStopWord(word)) ? head : plain;
}

const countPhrase = /\b(?:how\s+many|(?:the\s+)?numbers?\s+of|counts?\s+of)\b/i;
const counts = (text: string): boolean => countPhrase.test(text);

type SaidHere = Said & { counted: boolean };

/** The words that carry meaning, without those that name a dataset beyond doubt. `counted`: "how many" is read as a word for a count. */
function saidIn(phrase: string, all: readonly DatasetView[], horizon: boolean, counted: boolean): SaidHere {
  const text = phrase.replace(countPhrase, counted ? " count of " : " ");
  const every = wordsOf(text);
  const naming = mentions(text, every, all).filter((one) => one.strength === "named");
  const taken = new Set(naming.flatMap((one) => one.words.map((i) => every[i]!)));
  const words = every.filter(
    (word) => !isStopWord(word) && !taken.has(word) && !isGrain(text, word) && !meansLabelOnly(word, every),
  );
  return { text, words, head: headOf(text, words), named: naming.map((one) => one.dataset), horizon, counted };
}

/** "per hour", "by region": how finely, not what. */
const isGrain = (text: string, word: Word): boolean => /\b(?:per|by|each)\s+$/i.test(text.slice(0, word.at));

const meansLabelOnly = (word: Word, every: readonly Word[]): boolean =>
  meansLabel(word.stem) && every.some((other) => other !== word && !isStopWord(other) && !meansLabel(other.stem));

const futureTo = /\b(?:going|likely|about|expected|bound|prone|set|apt)\s+to\b/gi;

/** The word that a phrase is about: the last one before a preposition ("churn of our customers", "late orders by region"). */
function headOf(text: string, words: readonly Word[]): Word | null {
  let head: Word | null = null;
  for (const word of words) {
    // "are going to fail" speaks of failing: its "to" begins nothing.
    const between = head ? text.slice(head.to, word.at).replace(futureTo, "") : "";
    if (/\b(?:of|for|in|by|per|among|across|at|on|with|to|and|during|within)\b|[,;.?!]/i.test(between)) return head;
    head = word;
  }
  return head;
}

function placed(
  position: number,
  spoken: readonly Mention[],
  all: readonly DatasetView[],
  catalog: CatalogView,
): Candidate[] {
  const mentioned = spoken.map((mention) => mention.dataset);
  const headless = all.filter(unnamed);
  const pool = mentioned.length > 0 ? mentioned : all.length === 1 || headless.length === 0 ? all : headless;
  const found = atPosition(position, pool).slice(0, most);
  if (found.length === 0) throw nothingFits(catalog);
  return found;
}

/** Where no column's name was said well enough: the dataset that was, or columns that share a part of what was said. */
function weaker(
  said: SaidHere,
  candidates: readonly Candidate[],
  spoken: readonly Mention[],
  all: readonly DatasetView[],
  catalog: CatalogView,
  asked: boolean,
): Candidate[] {
  const datasets = spokenBest(spoken);
  if (datasets.length > 0) {
    const lacking = said.words.filter(
      (word) => !meansLabel(word.stem) && !datasets.some((dataset) => ofName(word, dataset)),
    );
    if (lacking.length === 0) return fromDatasets(datasets, all, catalog);
    const within = alone(best(candidates.filter((one) => datasets.includes(one.dataset))));
    if (within.length > 0) return within;
    const counted = lacking.some((word) => /[^s]s$/.test(word.text) || meansCount(word.stem))
      ? countColumns(datasets)
      : [];
    if (counted.length === 1) return counted;
    return askAbout(datasets, all, catalog);
  }
  const parts = alone(best(candidates));
  if (parts.length > 0) return parts;
  if (said.words.some((word) => !meansLabel(word.stem))) throw asked ? nothingFits(catalog) : notUnderstood(catalog);
  if (!asked) throw notUnderstood(catalog);
  return fromDatasets(all, all, catalog);
}

/** The datasets that a text speaks of most clearly. */
function spokenBest(spoken: readonly Mention[]): DatasetView[] {
  for (const strength of ["named", "said"] as const) {
    const found = spoken.filter((mention) => mention.strength === strength);
    if (found.length > 0) return found.map((mention) => mention.dataset);
  }
  const parts = spoken.filter((mention) => mention.share >= 0.5);
  const top = Math.max(0, ...parts.map((mention) => mention.share));
  return parts.filter((mention) => mention.share === top).map((mention) => mention.dataset);
}

/** What the datasets are most likely there to predict: one each where several are meant. */
function fromDatasets(
  datasets: readonly DatasetView[],
  all: readonly DatasetView[],
  catalog: CatalogView,
): Candidate[] {
  if (datasets.length === 1) {
    const found = best(plausibleTargets(datasets[0]!, all));
    return found.length > 0 ? found : askAbout(datasets, all, catalog);
  }
  const found = datasets.flatMap((dataset) => best(plausibleTargets(dataset, all)).slice(0, 1)).slice(0, most);
  return found.length > 0 ? found : askAbout(datasets, all, catalog);
}

/** Columns to ask about. One alone is asked about too: its dataset was said, it wasn't. */
function askAbout(datasets: readonly DatasetView[], all: readonly DatasetView[], catalog: CatalogView): Candidate[] {
  const found = datasets.flatMap((dataset) => [...plausibleTargets(dataset, all), ...possibleTargets(dataset, most)]);
  const seen = new Set<string>();
  const once = found.filter((one) => {
    const key = `${one.dataset.name} ${targetName(one)}`;
    return !seen.has(key) && seen.add(key);
  });
  if (once.length === 0) throw nothingFits(catalog);
  return once.slice(0, most).map((one) => ({ ...one, strong: false }));
}

function countColumns(datasets: readonly DatasetView[]): Candidate[] {
  return datasets.flatMap((dataset) =>
    dataset.columns
      .filter(
        (column) => (column.type === "integer" || column.type === "number") && stemsOf(column.name).every(meansCount),
      )
      .map(
        (column): Candidate => ({
          dataset,
          target: { kind: "column", column: column.name },
          score: 1,
          strong: true,
          told: 1,
          because: `how many there are stands in ${column.name}`,
        }),
      ),
  );
}
