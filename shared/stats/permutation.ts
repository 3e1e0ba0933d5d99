/**
 * Statistics under the hypothesis that both samples come from one population: `repetitions` random choices of `b` of the
 * a + b pooled rows. `statistics` sees the chosen row indices (the array is reused) and writes its values in order;
 * all of them see the same choices, so their dependence is kept. One array of `repetitions` values for each statistic.
 */
export function permutationNull(
  sizes: { a: number; b: number },
  repetitions: number,
  random: () => number,
  statistics: (chosen: Int32Array) => ArrayLike<number>,
): Float64Array[] {
  const rows = sizes.a + sizes.b;
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  const chosen = order.subarray(0, sizes.b);
  const values: Float64Array[] = [];
  for (let r = 0; r < repetitions; r++) {
    for (let i = 0; i < sizes.b; i++) {
      const j = i + Math.floor(random() * (rows - i));
      const x = order[i]!;
      order[i] = order[j]!;
      order[j] = x;
    }
    const found = statistics(chosen);
    for (let s = 0; s < found.length; s++) {
      values[s] ??= new Float64Array(repetitions);
      values[s]![r] = found[s]!;
    }
  }
  return values;
}

/** The p-value of an observation against its null values: (1 + how many reach it) / (1 + how many there are). */
export function permutationP(observed: number, nullValues: ArrayLike<number>): number {
  let reached = 1;
  for (let i = 0; i < nullValues.length; i++) if (nullValues[i]! >= observed) reached++;
  return reached / (nullValues.length + 1);
}
