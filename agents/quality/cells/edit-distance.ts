/**
 * Fewest insertions, deletions, replacements and swaps of neighbours that make one text of the other (optimal string
 * alignment); `limit + 1` as soon as it must be more than `limit`.
 */
export function editDistance(left: string, right: string, limit: number): number {
  const [a, b] = [[...left], [...right]];
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before = new Array<number>(b.length + 1).fill(0);
  let last = b.map((_, j) => j);
  last.push(b.length);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let d = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2]! + 1);
      row.push(d);
      if (d < least) least = d;
    }
    if (least > limit) return limit + 1;
    [before, last] = [last, row];
  }
  return Math.min(last[b.length]!, limit + 1);
}
