import { CATEGORY_COUNT } from "@muster/shared/domain/profile.ts";
import type { SliceCondition, SliceSource } from "@muster/shared/domain/slice.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import type { FeatureColumn } from "../matrix.ts";
import { simplestIn } from "./simplest.ts";

/** Where a number's ranges may end: at so many quantiles of all rows and as many of the wrong ones. */
const quantiles = 32;
/** A category's most frequent values; the rest isn't named. */
const mostValues = 60;

/**
 * A column as a search sees it: a code per row, 0 to `bins` − 1 where conditions can name the value, `bins` where it is
 * missing, `bins` + 1 where it can't be named. Bins of a number rise; bin b lies from `edges[b − 1]` to `edges[b]`; `least`
 * rows lie beyond each edge.
 */
export type CodedColumn = { name: string; from: SliceSource; codes: Uint8Array; bins: number } & (
  | { type: "number"; numbers: Float64Array; edges: Float64Array; least: number }
  | { type: "category"; values: string[] }
);

/** A column of numbers as a search sees it. */
export type NumberColumn = Extract<CodedColumn, { type: "number" }>;

/**
 * Codes a column. Edges come from the rows of `discovery` alone, more of them where its `wrong` rows are; an edge has at
 * least 20 rows on each side, a category at least `leastRows` (20, or what the policy of an attribute asks for).
 */
export function codeColumn(
  { name, type, values }: FeatureColumn,
  from: SliceSource,
  { discovery, wrong, leastRows = CATEGORY_COUNT }: { discovery: Uint8Array; wrong: Uint8Array; leastRows?: number },
): CodedColumn {
  if (type === "category") return codeCategory(name, values as string[], from, Math.max(CATEGORY_COUNT, leastRows));
  const numbers = values as Float64Array;
  const seen = sorted(numbers.filter((x, i) => discovery[i] === 1 && !Number.isNaN(x)));
  const failed = sorted(numbers.filter((x, i) => discovery[i] === 1 && wrong[i] === 1 && !Number.isNaN(x)));
  const least = Math.max(CATEGORY_COUNT, leastRows);
  return coded({ name, from, numbers, least }, edgesOf(seen, failed, least));
}

function coded(
  column: { name: string; from: SliceSource; numbers: Float64Array; least: number },
  edges: Float64Array,
): NumberColumn {
  const bins = edges.length + 1;
  const codes = Uint8Array.from(column.numbers, (x) => (Number.isNaN(x) ? bins : binOf(edges, x)));
  return { ...column, codes, bins, type: "number", edges };
}

/**
 * The column with more edges in the bins on both sides of where a range begins and ends, taken from the values of some rows
 * there: to say more exactly where it does.
 */
export function finer(column: NumberColumn, [from, to]: readonly [number, number], rows: Int32Array): NumberColumn {
  const { edges, numbers, least, bins } = column;
  const added = new Set(edges);
  for (const border of new Set([from, to + 1])) {
    if (border === 0 || border === bins) continue;
    const [low, high] = [edges[border - 2] ?? Number.NEGATIVE_INFINITY, edges[border] ?? Number.POSITIVE_INFINITY];
    const near = sorted(Float64Array.from(rows, (row) => numbers[row]!).filter((x) => x >= low && x < high));
    for (let q = 1; q < quantiles / 2 && near.length > 0; q++) {
      const at = Math.floor((q * near.length) / (quantiles / 2));
      const below = countBelow(near, near[at]!);
      if (below > 0) added.add(simplestIn(near[below - 1]!, near[at]!));
    }
  }
  const known = numbers.reduce((sum, x) => sum + (Number.isNaN(x) ? 0 : 1), 0);
  const far = (edge: number) => {
    const below = numbers.reduce((sum, x) => sum + (x < edge ? 1 : 0), 0);
    return below >= least && known - below >= least;
  };
  const all = Array.from(added).sort((a, b) => a - b);
  return coded(column, Float64Array.from(all.filter((edge) => edges.includes(edge) || far(edge))));
}

/** The number of edges that lie at or below a value. */
function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function edgesOf(seen: Float64Array, failed: Float64Array, least: number): Float64Array {
  const starts = new Set<number>();
  for (const part of [seen, failed]) {
    for (let q = 1; q < quantiles && part.length > 0; q++) {
      const x = part[Math.floor((q * part.length) / quantiles)]!;
      starts.add(x);
      // A value that many rows share is a bin of its own.
      const after = countBelow(seen, x, true);
      if (after - countBelow(seen, x) >= least && after < seen.length) starts.add(seen[after]!);
    }
  }
  const edges: number[] = [];
  for (const x of [...starts].sort((a, b) => a - b)) {
    const below = countBelow(seen, x);
    if (below < least || seen.length - below < least) continue;
    edges.push(simplestIn(seen[below - 1]!, x));
  }
  return Float64Array.from(edges);
}

/** How many ascending values lie below a limit (`through`: or at it). */
function countBelow(ascending: Float64Array, limit: number, through = false): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (through ? ascending[middle]! <= limit : ascending[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function codeCategory(name: string, texts: string[], from: SliceSource, least: number): CodedColumn {
  const counts = new Map<string, number>();
  for (const text of texts) if (text !== "") counts.set(text, (counts.get(text) ?? 0) + 1);
  const values = [...counts]
    .filter(([, count]) => count >= least)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, mostValues)
    .map(([text]) => text);
  const index = new Map(values.map((text, i) => [text, i]));
  const bins = values.length;
  const codes = Uint8Array.from(texts, (text) => (text === "" ? bins : (index.get(text) ?? bins + 1)));
  return { name, from, codes, bins, type: "category", values };
}

/** Which codes of a column a condition takes; `coded`: of this coding of it, where it isn't that of the search. */
export type CodeSet = { column: number; codes: readonly number[]; coded?: CodedColumn };

/** The condition that a set of codes says: rising and gapless for a number, a list of values, or missing alone. */
export function conditionOf(column: CodedColumn, codes: readonly number[]): SliceCondition {
  const on = { column: column.name, from: column.from };
  const [first, last] = [codes[0]!, codes.at(-1)!];
  if (first === column.bins) return { op: "missing", ...on };
  if (column.type === "category") return { op: "in", ...on, values: codes.map((code) => column.values[code]!).sort() };
  return { op: "range", ...on, low: column.edges[first - 1] ?? null, high: column.edges[last] ?? null };
}
