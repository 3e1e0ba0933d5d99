/** The target is told to the last bit where so much of its variance is explained. */
const TOLD = 0.9999;
const MOST_PARTS = 4;
const FEWEST_ROWS = 50;

/** Share of the target's variance that a linear model of some columns explains, from the covariances; 0 where they are collinear. */
export function explained(cov: readonly Float64Array[], target: number, columns: readonly number[]): number {
  const n = columns.length;
  const a = columns.map((i) => [...columns.map((j) => cov[i]![j]!), cov[i]![target]!]);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i]![k]!) > Math.abs(a[best]![k]!)) best = i;
    [a[k], a[best]] = [a[best]!, a[k]!];
    const pivot = a[k]![k]!;
    // What the others leave of a standardised column: next to nothing is rounding.
    if (Math.abs(pivot) < 1e-9) return 0;
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = a[i]![k]! / pivot;
      for (let j = k; j <= n; j++) a[i]![j]! -= factor * a[k]![j]!;
    }
  }
  let sum = 0;
  for (const [k, column] of columns.entries()) sum += (a[k]![n]! / a[k]![k]!) * cov[column]![target]!;
  return sum / cov[target]![target]!;
}

/** Covariances of standardised columns (rows that have all of them), the target last; null below 50 rows or where it is constant. */
function covariances(columns: readonly Float64Array[], target: Float64Array): Float64Array[] | null {
  const all = [...columns, target];
  const rows = Array.from(target.keys()).filter((row) => all.every((c) => !Number.isNaN(c[row]!)));
  if (rows.length < Math.max(FEWEST_ROWS, 10 * MOST_PARTS)) return null;
  const standard = all.map((column) => {
    const mean = rows.reduce((sum, row) => sum + column[row]!, 0) / rows.length;
    const sd = Math.sqrt(rows.reduce((sum, row) => sum + (column[row]! - mean) ** 2, 0) / rows.length);
    return Float64Array.from(rows, (row) => (sd > 0 ? (column[row]! - mean) / sd : 0));
  });
  if (standard.at(-1)!.every((x) => x === 0)) return null;
  return standard.map((a) =>
    Float64Array.from(standard, (b) => a.reduce((sum, x, i) => sum + x * b[i]!, 0) / rows.length),
  );
}

/**
 * The columns that a number is made of: the fewest, at most four, taken forward by what they explain, whose linear model
 * explains 99.99 % of its variance. Columns by their place, NaN where missing. None where nothing does.
 */
export function partsOf(
  columns: readonly Float64Array[],
  target: Float64Array,
): { parts: number[]; share: number } | null {
  const cov = covariances(columns, target);
  if (cov === null) return null;
  const y = columns.length;
  let parts: number[] = [];
  let share = 0;
  while (parts.length < MOST_PARTS && share < TOLD) {
    const next = columns
      .map((_, i) => i)
      .filter((i) => !parts.includes(i) && cov[i]![i]! > 0)
      .map((i) => ({ i, share: explained(cov, y, [...parts, i]) }))
      .sort((a, b) => b.share - a.share)[0];
    if (next === undefined || next.share <= share) return null;
    parts = [...parts, next.i];
    share = next.share;
  }
  if (share < TOLD) return null;
  for (const part of [...parts]) {
    const rest = parts.filter((one) => one !== part);
    if (rest.length > 0 && explained(cov, y, rest) >= TOLD) parts = rest;
  }
  return { parts, share: explained(cov, y, parts) };
}
