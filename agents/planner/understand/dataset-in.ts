import { mentions } from "./mention.ts";
import { nothingFits, notUnderstood } from "./refuse.ts";
import { type CatalogView, type DatasetView, sources } from "./view.ts";
import { isStopWord, wordsOf } from "./words.ts";

/**
 * The datasets that a text is about: one is the answer, several a question. The only dataset there is needs no naming.
 * Throws `not_found` where the text names something that isn't there.
 */
export function datasetsIn(text: string, catalog: CatalogView): DatasetView[] {
  const all = sources(catalog);
  const words = wordsOf(text);
  const spoken = mentions(text, words, all);
  for (const strength of ["named", "said", "partly"] as const) {
    const found = spoken.filter((mention) => mention.strength === strength);
    const top = Math.max(0, ...found.map((mention) => mention.share));
    if (found.length > 0) return found.filter((mention) => mention.share === top).map((mention) => mention.dataset);
  }
  if (all.length === 0) throw nothingFits(catalog);
  if (words.some((word) => !isStopWord(word))) throw nothingFits(catalog);
  if (words.length === 0) throw notUnderstood(catalog);
  return all;
}
