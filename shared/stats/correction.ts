/** Holm's adjusted p-values in the given order: a value ≤ α keeps the chance of any false finding at α. */
export function holm(pValues: ArrayLike<number>): Float64Array {
  const order = ascending(pValues);
  const adjusted = new Float64Array(pValues.length);
  let highest = 0;
  order.forEach((index, rank) => {
    highest = Math.max(highest, Math.min(1, pValues[index]! * (pValues.length - rank)));
    adjusted[index] = highest;
  });
  return adjusted;
}

/** Benjamini and Hochberg's adjusted p-values in the given order: a value ≤ α keeps the share of false findings at α. */
export function benjaminiHochberg(pValues: ArrayLike<number>): Float64Array {
  const order = ascending(pValues);
  const adjusted = new Float64Array(pValues.length);
  let lowest = 1;
  for (let rank = order.length - 1; rank >= 0; rank--) {
    lowest = Math.min(lowest, (pValues[order[rank]!]! * pValues.length) / (rank + 1));
    adjusted[order[rank]!] = lowest;
  }
  return adjusted;
}

const ascending = (values: ArrayLike<number>): number[] =>
  Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
