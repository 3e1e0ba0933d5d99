import { likeness } from "./synonyms.ts";
import type { DatasetView } from "./view.ts";
import { findSequence, isStopWord, stemsOf, type Word } from "./words.ts";

/**
 * A dataset that a text speaks of. `named`: beyond doubt, as a dataset; `said`: its one-word name is a word of the text,
 * which may as well mean the thing; `partly`: some words of its name are. `words` are the positions of those words.
 */
export type Mention = { dataset: DatasetView; strength: "named" | "said" | "partly"; share: number; words: number[] };

const before =
  /\b(?:in|from|using|on|over|with|dataset|table|file|data|check|profile|describe|validate|verify|score|audit|inspect|summari[sz]e)\s+(?:the\s+|our\s+|my\s+)?(?:dataset\s+|table\s+|data\s+|file\s+)?["'`]?$/i;
const after = /^["'`]?\s+(?:tables?|datasets?|data|file)\b/i;

/** The datasets that a text speaks of, at most one mention each. */
export function mentions(text: string, words: readonly Word[], datasets: readonly DatasetView[]): Mention[] {
  const found: Mention[] = [];
  for (const dataset of datasets) {
    const stems = stemsOf(dataset.name);
    const at = findSequence(words, stems);
    if (at >= 0) {
      const span = Array.from(stems, (_, k) => at + k);
      const asDataset =
        stems.length > 1 || before.test(text.slice(0, words[at]!.at)) || after.test(text.slice(words[at]!.to));
      found.push({ dataset, strength: asDataset ? "named" : "said", share: 1, words: span });
      continue;
    }
    const parts = stems.filter((part) => part.length > 2);
    const hits = words.flatMap((word, i) => (!isStopWord(word) && parts.includes(word.stem) ? [i] : []));
    const share = new Set(hits.map((i) => words[i]!.stem)).size / Math.max(1, stems.length);
    if (hits.length > 0) found.push({ dataset, strength: "partly", share, words: hits });
  }
  // A longer name that was said covers a shorter one inside it: "order details" is no mention of orders.
  return found.filter(
    (one) =>
      !found.some(
        (other) =>
          other !== one &&
          other.strength === "named" &&
          other.words.length > one.words.length &&
          one.words.every((word) => other.words.includes(word)),
      ),
  );
}

/** Whether a word is of a dataset's name, or another word for one. */
export const ofName = (word: Word, dataset: DatasetView): boolean =>
  stemsOf(dataset.name).some((part) => part.length > 2 && likeness(part, word.stem) > 0);
