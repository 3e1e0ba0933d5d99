import { type Candidate, phraseOf } from "./candidate.ts";
import { noCandidate } from "./refuse.ts";
import { stemsOf } from "./words.ts";

/**
 * Which of the candidates an answer means: its very words, its number in the list, or the one that alone has the words
 * of the answer in its phrase. Throws `invalid_input` where it means none or several.
 */
export function settle<T>(answer: string, candidates: readonly { phrase: string; value: T }[]): T {
  const plain = (text: string) =>
    text
      .trim()
      .toLowerCase()
      .replace(/[.!"'`]+/g, "")
      .replace(/\s+/g, " ");
  const exact = candidates.find((one) => plain(one.phrase) === plain(answer));
  if (exact) return exact.value;
  const ordinal = /^\s*(?:the\s+)?(?:(\d)[.)]?|(first|second|third|fourth|fifth|sixth|last))(?:\s+one)?\s*$/i.exec(
    answer,
  );
  if (ordinal) {
    const word = ["first", "second", "third", "fourth", "fifth", "sixth"].indexOf(ordinal[2]?.toLowerCase() ?? "");
    const place = ordinal[1] ? Number(ordinal[1]) - 1 : word >= 0 ? word : candidates.length - 1;
    if (candidates[place]) return candidates[place].value;
  }
  const said = stemsOf(answer);
  const hits = candidates.map((one) => {
    const stems = new Set(stemsOf(one.phrase));
    return said.filter((word) => stems.has(word) && !candidates.every((other) => stemsOf(other.phrase).includes(word)))
      .length;
  });
  const top = Math.max(...hits);
  const meant = candidates.filter((_, i) => hits[i] === top);
  if (top === 0 || meant.length !== 1) throw noCandidate(candidates.map((one) => one.phrase));
  return meant[0]!.value;
}

/** The question that several readings are. */
export function questionOf(candidates: readonly Candidate[]): { text: string; candidates: string[] } {
  const datasets = new Set(candidates.map((one) => one.dataset.name));
  const known = candidates.every((one) => !one.strong);
  const text = known
    ? `What should be predicted${datasets.size === 1 ? ` in ${[...datasets][0]}` : ""}?`
    : datasets.size === 1
      ? `More than one column of ${[...datasets][0]} fits. Which one should be predicted?`
      : "More than one table fits. Which one is meant?";
  return { text, candidates: candidates.map(phraseOf) };
}
