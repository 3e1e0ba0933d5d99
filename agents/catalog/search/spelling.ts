/**
 * How many letters must be put in, taken out, changed or swapped with their neighbour to make `b` of `a` (the restricted
 * Damerau–Levenshtein distance).
 */
export function editsBetween(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  let before: number[] = [];
  let last = Array.from({ length: y.length + 1 }, (_, j) => j);
  for (let i = 1; i <= x.length; i++) {
    const row = [i];
    for (let j = 1; j <= y.length; j++) {
      const same = x[i - 1] === y[j - 1];
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && x[i - 1] === y[j - 2] && x[i - 2] === y[j - 1]) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return last[y.length]!;
}

/** Letters of a word below which a slip in it is another word. */
const shortest = 5;
/** Letters from which on two slips are taken. */
const long = 8;

/** Whether one word is taken for a slip of the pen of another: one edit, two in a long word, and the first letter stands. */
export function misspelt(asked: string, there: string): boolean {
  const length = Math.min(asked.length, there.length);
  if (length < shortest || asked[0] !== there[0]) return false;
  return editsBetween(asked, there) <= (length >= long ? 2 : 1);
}
