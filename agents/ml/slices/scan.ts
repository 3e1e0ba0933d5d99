import type { CodedColumn } from "./code-column.ts";

/** What is searched: per row whether it counts at all, its error, and how many errors were to be expected of it. */
export type Field = { rows: Int32Array; happened: Uint8Array; weight: Float64Array; errors: number; expected: number };

/** A set of codes of one column with what lies in it. `score` as of `likelihoodRatio`. */
export type Found = { codes: number[]; rows: number; errors: number; expected: number; score: number };

/** Values of a category that one condition lists at most. */
const mostListed = 5;

/**
 * Kulldorff's (1997) likelihood ratio in nats, Poisson model: how much better the errors are told by one rate inside and
 * another outside than by the same everywhere, where `expected` of all lie inside. 0 where inside isn't worse.
 */
export function likelihoodRatio(errors: number, expected: number, all: { errors: number; expected: number }): number {
  const { errors: total, expected: mass } = all;
  if (errors === 0 || expected >= mass || errors * mass <= expected * total) return 0;
  // A mass of nothing would be infinitely surprising; a thousandth of an error is little enough.
  const inside = errors * Math.log((errors * mass) / (Math.max(expected, 1e-3) * total));
  const left = total - errors;
  return left === 0 ? inside : inside + left * Math.log((left * mass) / ((mass - expected) * total));
}

/**
 * The best condition on each side of a column over some rows: ranges of a number, up to five values of a category (the
 * worst ones first: no other choice of as many can be better), and missing. At most `most`, by score; a range and another
 * that contains or touches most of it count as one. At least `leastErrors` errors and `leastRows` rows.
 */
export function scanColumn(
  column: CodedColumn,
  field: Field,
  inside: Int32Array,
  least: { rows: number; errors: number },
  most: number,
): Found[] {
  const size = column.bins + 2;
  const rows = new Float64Array(size);
  const errors = new Float64Array(size);
  const expected = new Float64Array(size);
  const { codes } = column;
  for (const row of inside) {
    const code = codes[row]!;
    rows[code]!++;
    errors[code]! += field.happened[row]!;
    expected[code]! += field.weight[row]!;
  }
  const found: Found[] = [];
  const take = (codes: number[], n: number, e: number, x: number) => {
    if (n < least.rows || e < least.errors || n === inside.length) return;
    const score = likelihoodRatio(e, x, field);
    if (score > 0) found.push({ codes, rows: n, errors: e, expected: x, score });
  };
  take([column.bins], rows[column.bins]!, errors[column.bins]!, expected[column.bins]!);
  if (column.type === "number") {
    for (let from = 0; from < column.bins; from++) {
      let [n, e, x] = [0, 0, 0];
      for (let to = from; to < column.bins; to++) {
        n += rows[to]!;
        e += errors[to]!;
        x += expected[to]!;
        if (from > 0 || to < column.bins - 1) take([from, to], n, e, x);
      }
    }
  } else {
    const order = Array.from({ length: column.bins }, (_, code) => code)
      .filter((code) => rows[code]! > 0)
      .sort((a, b) => errors[b]! / Math.max(expected[b]!, 1e-3) - errors[a]! / Math.max(expected[a]!, 1e-3) || a - b);
    let [n, e, x] = [0, 0, 0];
    for (const [i, code] of order.slice(0, mostListed).entries()) {
      n += rows[code]!;
      e += errors[code]!;
      x += expected[code]!;
      take(order.slice(0, i + 1), n, e, x);
    }
  }
  return distinct(
    found.sort((a, b) => b.score - a.score || a.rows - b.rows),
    column,
    rows,
    most,
  );
}

/** The first few that aren't mostly the same rows as a better one. */
function distinct(found: readonly Found[], column: CodedColumn, rows: Float64Array, most: number): Found[] {
  const kept: { one: Found; inside: Set<number> }[] = [];
  for (const one of found) {
    const inside = new Set(spanned(column, one.codes));
    const same = kept.some((other) => {
      let shared = 0;
      for (const code of inside) if (other.inside.has(code)) shared += rows[code]!;
      return shared / (one.rows + other.one.rows - shared) >= 0.6;
    });
    if (!same) kept.push({ one, inside });
    if (kept.length === most) break;
  }
  return kept.map(({ one }) => one);
}

/** All codes that a condition takes: a range is written as its first and last. */
export function spanned(column: CodedColumn, codes: readonly number[]): number[] {
  if (column.type === "category" || codes[0] === column.bins) return [...codes];
  const [from, to] = [codes[0]!, codes.at(-1)!];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
