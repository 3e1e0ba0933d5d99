import { similarity, wordsOf } from "./words.ts";

/** What a search looks at: names only. */
export type Searchable = { name: string; columns: readonly string[] };

/** Why a dataset was found: which word of the question met which name, and how. */
export type Reason = { word: string; matched: string; in: "dataset" | "column"; how: "same" | "synonym" | "similar" };

/** A dataset that was found. `score` orders the hits of one search and means nothing else. */
export type Hit = { dataset: string; score: number; why: Reason[] };

/** Words that people use for one thing, each group interchangeable. */
const synonyms: readonly (readonly string[])[] = [
  ["customer", "client", "subscriber", "buyer", "user", "account", "member"],
  ["churn", "attrition", "cancellation", "leave", "leaving", "retention", "exited"],
  ["order", "purchase", "sale", "invoice", "transaction", "payment"],
  ["price", "amount", "cost", "value", "charge", "fee", "revenue"],
  ["employee", "staff", "worker", "personnel"],
  ["product", "item", "article", "sku"],
  ["bike", "bicycle", "cycle"],
  ["credit", "loan", "lending", "default"],
  ["fraud", "scam", "fraudulent"],
  ["ticket", "support", "complaint", "case"],
  ["demand", "count", "cnt", "quantity"],
  ["city", "town", "location", "place"],
  ["person", "people", "individual"],
  ["contract", "subscription", "plan"],
  ["usage", "activity", "consumption"],
];

/** Words of a question that name no thing in a table. */
const empty = new Set(
  `a an and any are at be by can data dataset do find for forecast from get give how i in is it list me model my next of on
   our over please predict prediction score show table that the their there this to train us want we what when where which
   who will with you`
    .split(/\s+/)
    .map((word) => wordsOf(word)[0]!),
);

const SIMILAR = 0.4;
const SHORTEST_SIMILAR = 4;
/** Reciprocal rank fusion (Cormack 2009): 1 ÷ (60 + rank), summed over the rankings that hold a dataset. */
const RRF = 60;

const meansTheSame = (a: string, b: string) => synonyms.some((group) => group.includes(a) && group.includes(b));

function reasonFor(word: string, name: string, place: Reason["in"]): { reason: Reason; strength: number } | null {
  const words = wordsOf(name);
  const found = (how: Reason["how"], strength: number) => ({
    reason: { word, matched: name, in: place, how },
    strength,
  });
  if (words.includes(word) || words.join("") === word) return found("same", 1 / Math.sqrt(words.length));
  if (words.some((w) => meansTheSame(word, w))) return found("synonym", 0.6 / Math.sqrt(words.length));
  const near = word.length < SHORTEST_SIMILAR ? 0 : Math.max(0, ...words.map((w) => similarity(word, w)));
  return near >= SIMILAR ? found("similar", 0.5 * near) : null;
}

type Match = { dataset: string; strength: number; why: Reason[] };

function match(words: readonly string[], dataset: Searchable, place: Reason["in"]): Match {
  const names = place === "dataset" ? [dataset.name] : dataset.columns;
  const found = words.flatMap((word) => {
    const all = names.map((name) => reasonFor(word, name, place)).filter((f) => f !== null);
    const best = all.reduce<(typeof all)[number] | null>(
      (a, b) => (a === null || b.strength > a.strength ? b : a),
      null,
    );
    return best ? [best] : [];
  });
  return {
    dataset: dataset.name,
    strength: found.reduce((sum, f) => sum + f.strength, 0),
    why: found.map((f) => f.reason),
  };
}

/**
 * Ranks datasets for a question by the names of datasets and columns: the same word, a synonym, or a similar spelling
 * (trigrams in common ≥ 0.4). One ranking by dataset names and one by column names are fused by reciprocal rank; ties
 * break by strength, then name. Every hit says why; a question that meets no name gets none.
 */
export function searchDatasets(question: string, datasets: readonly Searchable[], limit: number): Hit[] {
  const words = [...new Set(wordsOf(question))].filter((word) => word.length > 1 && !empty.has(word));
  const hits = new Map<string, Hit & { strength: number }>();
  for (const place of ["dataset", "column"] as const) {
    const ranked = datasets.map((dataset) => match(words, dataset, place)).filter((m) => m.strength > 0);
    ranked.sort((a, b) => b.strength - a.strength || (a.dataset < b.dataset ? -1 : 1));
    let rank = 0;
    ranked.forEach(({ dataset, strength, why }, i) => {
      if (i === 0 || strength < ranked[i - 1]!.strength) rank = i + 1;
      const hit = hits.get(dataset) ?? { dataset, score: 0, why: [], strength: 0 };
      hit.score += 1 / (RRF + rank);
      hit.strength += strength;
      hit.why.push(...why);
      hits.set(dataset, hit);
    });
  }
  return [...hits.values()]
    .sort((a, b) => b.score - a.score || b.strength - a.strength || (a.dataset < b.dataset ? -1 : 1))
    .slice(0, limit)
    .map(({ dataset, score, why }) => ({ dataset, score, why }));
}
