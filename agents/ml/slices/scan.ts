import type { CodedColumn } from "./code-column.ts";

/** What is searched: per row whether it counts at all, its error, and how many errors were to be expected of it. */
export type Field = { rows: Int32Array; happened: Uint8Array; weight: Float64Array; errors: number; expected: number };

/** A set of codes of one column with what lies in it. `score` as of `likelihoodRatio`. */
export type Found = { codes: number[]; rows: number; errors: number; expected: number; score: number };

/** Values of a category that one condition lists at most. */
const mostListed = 5;
/** Where nothing was expected an error would be infinitely surprising; a thousandth of one is little enough. */
const leastMass = 1e-3;
/** Ranges of one column that share more of their rows than this are one. */
const sameShare = 0.6;

/**
 * Kulldorff's (1997) likelihood ratio in nats, Poisson model: how much better the errors are told by one rate inside and
 * another outside than by the same everywhere, where `expected` of all lie inside. 0 where inside isn't worse.
 */
export function likelihoodRatio(errors: number, expected: number, all: { errors: number; expected: number }): number {
  const { errors: total, expected: mass } = all;
  if (errors === 0 || expected >= mass || errors * mass <= expected * total) return 0;
  const inside = errors * Math.log((errors * mass) / (Math.max(expected, leastMass) * total));
  const left = total - errors;
  return left === 0 ? inside : inside + left * Math.log((left * mass) / ((mass - expected) * total));
}

/**
 * The best conditions on a column over some rows: ranges of a number, up to five values of a category (the worst ones first:
 * no other choice of as many can be better), and missing. At most `most`, by score, none of them mostly the rows of a better
 * one. At least `least.errors` errors and `least.rows` rows.
 */
export function scanColumn(
  column: CodedColumn,
  field: Field,
  inside: Int32Array,
  least: { rows: number; errors: number },
  most: number,
): Found[] {
  const size = column.bins + 2;
  const bins: Bins = {
    rows: new Float64Array(size),
    errors: new Float64Array(size),
    expected: new Float64Array(size),
  };
  const { codes } = column;
  for (const row of inside) {
    const code = codes[row]!;
    bins.rows[code]!++;
    bins.errors[code]! += field.happened[row]!;
    bins.expected[code]! += field.weight[row]!;
  }
  const enough = (rows: number, errors: number) => rows >= least.rows && errors >= least.errors && rows < inside.length;
  const missing = column.bins;
  const alone = foundIn(bins, [missing], field);
  const found = enough(alone.rows, alone.errors) && alone.score > 0 ? [alone] : [];
  const others =
    column.type === "number"
      ? bestRanges(bins, column.bins, field, enough, most)
      : worstValues(bins, column.bins, field).filter(({ rows, errors, score }) => enough(rows, errors) && score > 0);
  return [...found, ...others].sort((a, b) => b.score - a.score || a.rows - b.rows).slice(0, most);
}

/** What lies in each bin. */
type Bins = Record<"rows" | "errors" | "expected", Float64Array>;

function foundIn(bins: Bins, codes: number[], field: Field): Found {
  const sum = (of: Float64Array) => codes.reduce((total, code) => total + of[code]!, 0);
  const [rows, errors, expected] = [sum(bins.rows), sum(bins.errors), sum(bins.expected)];
  return { codes, rows, errors, expected, score: likelihoodRatio(errors, expected, field) };
}

/** The best few values of a category together: of each number of them the worst, the best of which is kept. */
function worstValues(bins: Bins, count: number, field: Field): Found[] {
  const ratio = (code: number) => bins.errors[code]! / Math.max(bins.expected[code]!, leastMass);
  const order = Array.from({ length: count }, (_, code) => code)
    .filter((code) => bins.rows[code]! > 0)
    .sort((a, b) => ratio(b) - ratio(a) || a - b)
    .slice(0, mostListed);
  return order.map((_, i) => foundIn(bins, order.slice(0, i + 1), field));
}

/** The best ranges of bins, each written as its first and last one; a range that is mostly a better one isn't among them. */
function bestRanges(
  bins: Bins,
  count: number,
  field: Field,
  enough: (rows: number, errors: number) => boolean,
  most: number,
): Found[] {
  const upTo = new Float64Array(count + 1);
  for (let b = 0; b < count; b++) upTo[b + 1] = upTo[b]! + bins.rows[b]!;
  const score = new Float64Array(count * count);
  for (let from = 0; from < count; from++) {
    let [errors, expected] = [0, 0];
    for (let to = from; to < count; to++) {
      errors += bins.errors[to]!;
      expected += bins.expected[to]!;
      if (enough(upTo[to + 1]! - upTo[from]!, errors) && (from > 0 || to < count - 1))
        score[from * count + to] = likelihoodRatio(errors, expected, field);
    }
  }
  const found: Found[] = [];
  while (found.length < most) {
    let best = 0;
    for (let at = 1; at < score.length; at++) if (score[at]! > score[best]!) best = at;
    if (score[best]! <= 0) break;
    const [from, to] = [Math.floor(best / count), best % count];
    const codes = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    found.push({ ...foundIn(bins, codes, field), codes: [from, to] });
    const rows = upTo[to + 1]! - upTo[from]!;
    for (let a = 0; a < count; a++)
      for (let b = a; b < count; b++) {
        const shared = upTo[Math.min(b, to) + 1]! - upTo[Math.max(a, from)]!;
        if (shared >= sameShare * (rows + upTo[b + 1]! - upTo[a]! - shared)) score[a * count + b] = 0;
      }
  }
  return found;
}

/** All codes that a condition takes: a range is written as its first and last. */
export function spanned(column: CodedColumn, codes: readonly number[]): number[] {
  if (column.type === "category" || codes[0] === column.bins) return [...codes];
  const [from, to] = [codes[0]!, codes.at(-1)!];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
