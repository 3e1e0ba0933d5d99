import type { CodedColumn } from "./coded.ts";
import { editDistance } from "./edit-distance.ts";

/** A word is common from this many rows on, and a slip of it rarer than this share of its rows. */
const COMMON = 5;
const RARER = 0.05;
/** The common words must make up this share; where rare ones are the habit (names, free text), rarity says nothing. */
const COVERED = 0.8;
/** Where few common words make up nearly all, the column is a list, and a word further from one of them is still a slip. */
const LISTED = 0.95;
const MOST_LISTED = 50;
/** Shorter words are near to each other by nature: only a character that the common ones never use tells a slip. */
const SHORT = 4;
const MOST_PAIRS = 4_000_000;

/** Words with the rows that hold them. */
type Words = Map<string, number>;

const withoutDigits = (text: string) => text.replace(/\p{N}/gu, "9");

/** The words that are slips of a common one. */
function slips(words: Words): Set<string> {
  const all = [...words];
  const total = all.reduce((sum, [, n]) => sum + n, 0);
  const common = all.filter(([, n]) => n >= COMMON).sort((a, b) => b[1] - a[1]);
  const most = common[0]?.[1] ?? 0;
  const suspect = (n: number) => n <= RARER * most;
  const settled = common.filter(([, n]) => !suspect(n) || n >= 20);
  const covered = settled.reduce((sum, [, n]) => sum + n, 0) / total;
  const rare = all.filter(([, n]) => suspect(n));
  if (covered < COVERED || rare.length * settled.length > MOST_PAIRS) return new Set();
  const listed = covered >= LISTED && settled.length <= MOST_LISTED;
  const alphabet = new Set(settled.flatMap(([word]) => [...word]));
  const found = new Set<string>();
  for (const [word, n] of rare) {
    const strange = [...word].some((character) => !alphabet.has(character));
    const near = settled.some(([other, times]) => {
      if (n > RARER * times || word === other) return false;
      const length = Math.min(word.length, other.length);
      if (length < 2 || (length < SHORT && !(strange && listed))) return false;
      const limit = Math.max(1, Math.floor(length / (listed ? 3 : 5)));
      // Codes differ in their digits by right.
      if (withoutDigits(word) === withoutDigits(other)) return false;
      return editDistance(word, other, limit) <= limit;
    });
    if (near) found.add(word);
  }
  return found;
}

const wordsOf = (text: string) => text.split(/[^\p{L}\p{N}]+/u).filter((word) => /\p{L}/u.test(word));

/** The codes of a text column whose value, or a word of it, is a slip of a common one of the same column. */
export function typoCodes({ type, values, counts }: CodedColumn): Set<number> {
  if (type !== "text") return new Set();
  const whole: Words = new Map(values.map((value, code) => [value, counts[code]!]));
  const slipped = slips(whole);
  const parts: Words = new Map();
  for (const [code, value] of values.entries())
    for (const word of new Set(wordsOf(value))) parts.set(word, (parts.get(word) ?? 0) + counts[code]!);
  const slippedWords = slips(parts);
  const found = new Set<number>();
  for (const [code, value] of values.entries()) {
    const words = wordsOf(value);
    // A rare value made of common words is another combination of them, no slip.
    const combined = words.length > 1 && words.every((word) => parts.get(word)! >= COMMON);
    if ((slipped.has(value) && !combined) || words.some((word) => slippedWords.has(word))) found.add(code);
  }
  return found;
}
