/** The words of a column's name, lower case: `TX_FRAUD_SCENARIO`, `churnReason`. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");

/** Words of a target's name that say nothing by themselves. */
const PLAIN = new Set(["is", "has", "the", "target", "label", "y", "flag", "value", "class"]);

/** Whether a column is named after the target: all of the words that name the target, in their order, and more. */
export function namedAfter(column: string, target: string): boolean {
  const [words, sought] = [wordsOf(column), wordsOf(target).filter((word) => !PLAIN.has(word))];
  if (sought.length === 0 || sought.join("").length < 3 || words.length <= sought.length) return false;
  return words.some((_, i) => sought.every((word, k) => words[i + k] === word));
}
