/**
 * A column's name as words: split at case, underscores, other signs and between letters and digits; lower case,
 * without accents, without the digits: `customerID_2` → customer, id; `Prénom` → prenom; `氏名` stays as it is.
 */
export function wordsOf(name: string): string[] {
  return name
    .replace(/ß/g, "ss")
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/ł/g, "l")
    .replace(/ø/g, "o")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== "");
}

/** Where a phrase stands in a name: from the first word to before the last, in words. */
export type PhraseMatch = { from: number; to: number; letters: number };

const unspaced = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}]/u;

/**
 * Finds a phrase in a name's words, however they are joined (`first name` in firstname, first_name, FirstName).
 * A phrase that begins with `=` must be the whole name. Null where it is not there.
 */
export function findPhrase(words: string[], phrase: string): PhraseMatch | null {
  const whole = phrase.startsWith("=");
  const wanted = (whole ? phrase.slice(1) : phrase).replaceAll(" ", "");
  // Scripts without blanks write several words as one.
  if (unspaced.test(wanted)) {
    const at = words.findIndex((word) => word.includes(wanted));
    return at < 0 ? null : { from: at, to: at + 1, letters: 3 * wanted.length };
  }
  for (let from = 0; from < words.length; from++) {
    let joined = "";
    for (let to = from + 1; to <= words.length; to++) {
      joined += words[to - 1];
      if (joined === wanted && (!whole || (from === 0 && to === words.length)))
        return { from, to, letters: wanted.length };
      if (joined.length >= wanted.length) break;
    }
  }
  return null;
}

/** Words that turn a name into one about the thing: `email_count`, `has_phone`, `card_type`. */
const about = new Set(
  `count counts num has is flag type types kind status verified valid validated consent optin optout opt since days
   length len score rate ratio share pct percent provider issuer brand network country carrier service services plan
   validation missing method region dialing calling`.split(/\s+/),
);

/**
 * The longest phrase of a list that a name holds, unless a word outside it (one of `not`, or one that speaks about
 * the thing, as in `email_count`) says that the column holds something else.
 */
export function nameMatch(words: string[], phrases: readonly string[], not: readonly string[]): PhraseMatch | null {
  let best: PhraseMatch | null = null;
  for (const phrase of phrases) {
    const found = findPhrase(words, phrase);
    if (found && (!best || found.letters > best.letters)) best = found;
  }
  if (!best) return null;
  const { from, to } = best;
  const cancelled = words.some((word, i) => (i < from || i >= to) && (about.has(word) || not.includes(word)));
  return cancelled ? null : best;
}
