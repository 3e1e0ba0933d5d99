import { type Asked, askedIn } from "./asked.ts";
import type { Term } from "./document.ts";
import { answering, type Hit, rank } from "./rank.ts";
import { misspelt } from "./spelling.ts";
import type { SearchStore } from "./store.ts";

/** Trigram similarity from which on a word's spelling is looked at; the edits decide. */
const alike = 0.25;

/** Searches what is indexed; nothing in the catalog by a question's words, nothing found. Text of the question is looked up, never run. */
export async function find(store: SearchStore, question: string, limit: number): Promise<Hit[]> {
  const asked = askedIn(question);
  const { words } = asked;
  if (words.length === 0) return [];
  const same = words.map((word): Term => ({ word, term: word, how: "same" }));
  const [known, synonyms, size] = await Promise.all([
    store.matches([...same, ...wholes(asked)]),
    store.synonymsOf(words),
    store.size(),
  ]);
  // A word that stands in the catalog as it is isn't taken for a slip of another, nor for a piece of one.
  const there = new Set(known.map(({ word }) => word));
  const unknown = words.filter((word) => !there.has(word));
  const spellings = unknown.length > 0 ? await store.spellingsOf(unknown, alike) : [];
  const further = [...synonyms, ...spellings.filter(({ word, term, how }) => how === "part" || misspelt(word, term))];
  const matches = further.length > 0 ? [...known, ...(await store.matches(further))] : known;
  const hits = answering(asked, matches, size);
  if (hits.length === 0) return [];
  const documents = await store.documents(
    words,
    hits.map(({ dataset }) => dataset),
  );
  return rank(hits, documents, limit);
}

const wholes = ({ joined }: Asked): Term[] =>
  joined.flatMap(({ whole, of }) => of.map((word): Term => ({ word, term: whole, how: "same" })));
