import { fault } from "@muster/shared/fault.ts";

/** The edits (insert, delete, replace one character) between two words (Levenshtein 1966). */
function edits(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

const plain = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** Up to three names nearest to a word, nearest first; none that differs in more than half of its letters. */
export function nearest(names: readonly string[], word: string): string[] {
  const wanted = plain(word);
  return names
    .map((name) => {
      const other = plain(name);
      const far = edits(wanted, other) / Math.max(wanted.length, other.length, 1);
      return { name, far: wanted !== "" && other.includes(wanted) ? Math.min(far, 0.3) : far };
    })
    .filter(({ far }) => far <= 0.5)
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** The column that a word names: exactly, or alone in another case or punctuation. `not_found` tells the nearest. */
export function namedColumn(columns: readonly { name: string }[], word: string, dataset: string): string {
  const names = columns.map((c) => c.name);
  if (names.includes(word)) return word;
  const alike = names.filter((name) => plain(name) === plain(word) && plain(word) !== "");
  if (alike.length === 1) return alike[0]!;
  const near = nearest(names, word);
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `name one of ${names.slice(0, 12).join(", ")}`;
  throw fault("not_found", `${dataset} has no column ${word}; ${hint}`, { column: word, nearest: near });
}
