import type { Asked } from "./asked.ts";
import { columnOf, type Field, type Found, type Matched } from "./document.ts";

/** How a word of the question met the catalog. */
export type How = "same" | "stem" | "synonym" | "part" | "similar";

/** Why a dataset was found: which word of the question met which word, in which name or text, and how. */
export type Reason = { word: string; matched: string; in: Field; column: string | null; how: How };

/** A dataset that was found. `score` orders the hits of one search and means nothing else; `coverage`: the share of the question it answers, rare words counting more. */
export type Hit = { dataset: string; score: number; coverage: number; why: Reason[] };

/** How much of a word a match answers by the way it was made … */
const answered: Record<How, number> = { same: 1, stem: 0.95, synonym: 0.9, part: 0.6, similar: 0.7 };
/** … and how high it puts the hit: by that way, and by where the word stands. */
const byHow: Record<How, number> = { ...answered, synonym: 0.75 };
const byField: Record<Field, number> = {
  name: 1,
  tag: 0.9,
  description: 0.8,
  owner: 0.7,
  column: 0.6,
  column_description: 0.5,
};

/** Reciprocal rank fusion (Cormack 2009): 1 ÷ (60 + rank), summed over the rankings that hold a dataset. */
const RRF = 60;
/** A hit answers at least this share of the question … */
const leastCoverage = 0.4;
/** … and at least this share of what the best hit answers. */
const leastOfBest = 0.8;
/** What a word that no dataset knows weighs beside one that hardly any knows: it may be of no matter. */
const unknownWeight = 0.75;
/** Of fewer datasets, how many know a word says little: they count as so many. */
const fewestDatasets = 30;

type Best = { strength: number; told: number; reason: Reason };

/** A dataset that answers enough of a question, before it has its place. */
export type Answering = Omit<Hit, "score"> & { strength: number };

/**
 * The datasets that answer enough of a question, by the words of names and texts: rare words count more, a short name more
 * than a long one. `datasets`: how many there are. What answers too little, or much less than the best, is no hit.
 */
export function answering(asked: Asked, matches: readonly Matched[], datasets: number): Answering[] {
  const byDataset = bestOf(matches);
  const weight = rarity(asked.words, byDataset, datasets);
  const all = asked.words.reduce((sum, word) => sum + weight(word), 0);
  const hits = [...byDataset].map(([dataset, words]) => ({
    dataset,
    strength: sum(words, ([word, best]) => weight(word) * best.strength),
    coverage: all === 0 ? 0 : sum(words, ([word, best]) => weight(word) * best.told) / all,
    why: asked.words.flatMap((word) => words.get(word)?.reason ?? []),
  }));
  const least = Math.max(leastCoverage, leastOfBest * Math.max(0, ...hits.map(({ coverage }) => coverage)));
  return hits.filter(({ coverage }) => coverage >= least);
}

/**
 * Puts hits in order. Three rankings are fused by reciprocal rank: by the words, by the texts as a whole, and by the spelling
 * of the name. Ties break by the words, then by name.
 */
export function rank(hits: readonly Answering[], documents: readonly Found[], limit: number): Hit[] {
  const found = new Map(documents.map((one) => [one.dataset, one]));
  const scores = new Map(hits.map(({ dataset }) => [dataset, 0]));
  for (const worth of [
    ({ strength }: Answering) => strength,
    ({ dataset }: Answering) => found.get(dataset)?.text ?? 0,
    ({ dataset }: Answering) => found.get(dataset)?.spelling ?? 0,
  ])
    for (const [{ dataset }, place] of places(hits, worth))
      scores.set(dataset, scores.get(dataset)! + 1 / (RRF + place));
  return hits
    .map(({ strength, ...hit }) => ({ hit: { ...hit, score: scores.get(hit.dataset)! }, strength }))
    .sort((a, b) => b.hit.score - a.hit.score || b.strength - a.strength || (a.hit.dataset < b.hit.dataset ? -1 : 1))
    .slice(0, limit)
    .map(({ hit }) => hit);
}

const sum = <K, V>(map: ReadonlyMap<K, V>, of: (entry: [K, V]) => number): number =>
  [...map].reduce((total, entry) => total + of(entry), 0);

/** The best match of every word in every dataset. */
function bestOf(matches: readonly Matched[]): Map<string, Map<string, Best>> {
  const found = new Map<string, Map<string, Best>>();
  for (const { dataset, word, term, how, exact, field, part, size } of matches) {
    const way: How = how === "same" && !exact ? "stem" : how;
    const told = answered[way];
    const strength = (byHow[way] * byField[field]) / Math.sqrt(size);
    const words = found.get(dataset) ?? new Map<string, Best>();
    const held = words.get(word);
    if (!held || strength > held.strength) {
      const matched = field === "name" || field === "column" ? part : term;
      const reason = { word, matched, in: field, column: columnOf(field, part), how: way };
      words.set(word, { strength, told: Math.max(told, held?.told ?? 0), reason });
    } else held.told = Math.max(told, held.told);
    found.set(dataset, words);
  }
  return found;
}

/** How much a word tells: the fewer datasets know it, the more (BM25's idf). */
function rarity(words: readonly string[], found: ReadonlyMap<string, ReadonlyMap<string, Best>>, datasets: number) {
  const knowing = new Map(words.map((word) => [word, 0]));
  for (const one of found.values()) for (const word of one.keys()) knowing.set(word, knowing.get(word)! + 1);
  return (word: string): number => {
    const know = knowing.get(word) ?? 0;
    const others = Math.max(datasets, fewestDatasets) - know;
    return (know === 0 ? unknownWeight : 1) * Math.log(1 + (others + 0.5) / (know + 0.5));
  };
}

/** The place of each in a ranking; equals share one, and what is worth nothing has none. */
function places<T>(list: readonly T[], worth: (one: T) => number): [T, number][] {
  const ranked = list.map((one) => ({ one, value: worth(one) })).filter(({ value }) => value > 0);
  ranked.sort((a, b) => b.value - a.value);
  let place = 0;
  return ranked.map(({ one, value }, i) => {
    if (i === 0 || value < ranked[i - 1]!.value) place = i + 1;
    return [one, place];
  });
}
