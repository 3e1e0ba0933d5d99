import type { CodedColumn, CodedTable } from "./cells/coded.ts";
import { editDistance } from "./cells/edit-distance.ts";

/** Rows that are nearly the same as another: pairs, the rows in them, the groups they make, and in which columns they differ. */
export type NearDuplicates = {
  pairs: number;
  rows: number;
  groups: number;
  differ: { column: string; pairs: number }[];
  /** Columns in which nearly all pairs agree: rows that share these are where to look. */
  agree: string[];
};

/** Rows are compared that share a word (or a value) which at most so many rows hold. */
const MOST_IN_BLOCK = 12;
const MOST_PAIRS = 400_000;
/** Agreement, weighted by how much each column tells, from which two rows are held for one. */
const SAME = 0.85;
/** Two columns at least must tell rows apart well for their agreement to mean something. */
const TELLING = 0.2;
const NEARLY = 0.9;
/** A text with so many different values for each row describes one thing; measures and kinds agree by chance. */
const DESCRIBED = 0.3;

const normal = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** A column of codes and running numbers differs in every row by its nature. */
function isId({ type, values, counts }: CodedColumn): boolean {
  const there = counts.reduce((sum, n) => sum + n, 0);
  if (there === 0 || values.length < 0.98 * there) return false;
  if (type === "integer") return true;
  return (
    type === "text" &&
    values.filter((value) => /^[^\s]*\d[^\s]*$/.test(value) && !value.includes("@")).length > 0.9 * values.length
  );
}

/** What is compared of a column: its normalised values, and how much agreeing in it tells (the share of its different values, on a scale of logarithms). */
type Compared = { column: CodedColumn; texts: string[]; weight: number };

function compared(table: CodedTable): Compared[] {
  return table.columns
    .filter((column) => column.values.length > 1 && !isId(column))
    .map((column) => {
      const text = column.type === "text";
      const weight = Math.log(column.values.length) / Math.log(Math.max(2, table.rows));
      return { column, texts: text ? column.values.map(normal) : column.values, weight };
    });
}

const describes =
  (rows: number) =>
  ({ column }: Compared) =>
    column.type === "text" && column.values.length >= DESCRIBED * rows;

/** How alike two values of a column are, 0..1. */
function alike({ column, texts }: Compared, a: number, b: number): number {
  if (a === b || texts[a] === texts[b]) return 1;
  if (column.type !== "text") return 0;
  const [left, right] = [texts[a]!, texts[b]!];
  const longest = Math.max(left.length, right.length);
  const limit = Math.floor(longest * 0.4);
  const distance = editDistance(left, right, limit);
  return distance > limit ? 0 : 1 - distance / longest;
}

/** Pairs of rows that share a rare word of a text column, or a rare value of another. */
function candidates(table: CodedTable, columns: readonly Compared[]): Set<number> {
  const pairs = new Set<number>();
  for (const { column, texts } of columns) {
    const blocks = new Map<string, number[]>();
    column.codes.forEach((code, row) => {
      if (code < 0) return;
      const keys = column.type === "text" ? new Set(texts[code]!.split(" ")) : [texts[code]!];
      for (const key of keys) {
        const rows = blocks.get(key);
        if (rows) rows.push(row);
        else blocks.set(key, [row]);
      }
    });
    for (const rows of blocks.values()) {
      if (rows.length < 2 || rows.length > MOST_IN_BLOCK) continue;
      for (const [i, a] of rows.entries())
        for (const b of rows.slice(i + 1)) {
          if (pairs.size >= MOST_PAIRS) return pairs;
          pairs.add(a * table.rows + b);
        }
    }
  }
  return pairs;
}

/**
 * Finds rows that are probably one thing twice: alike in what tells rows apart, whatever their ids, spelling or a missing
 * value. Each column is weighted by the logarithm of its different values; texts agree by edit distance after case, accents
 * and marks are taken off. Nothing is said of a table without a text that describes its rows. Exact copies in every compared column count, too. Bounded: 400,000 pairs are compared at most.
 */
export function nearDuplicates(table: CodedTable): NearDuplicates {
  const none: NearDuplicates = { pairs: 0, rows: 0, groups: 0, differ: [], agree: [] };
  const columns = compared(table);
  if (columns.filter(({ weight }) => weight >= TELLING).length < 2 || !columns.some(describes(table.rows))) return none;
  const parents = new Map<number, number>();
  const root = (row: number): number => {
    const parent = parents.get(row) ?? row;
    return parent === row ? row : root(parent);
  };
  const differ = new Map(columns.map(({ column }) => [column.name, 0]));
  let pairs = 0;
  for (const pair of candidates(table, columns)) {
    const [a, b] = [Math.floor(pair / table.rows), pair % table.rows];
    let [sum, weights] = [0, 0];
    const unlike: string[] = [];
    for (const one of columns) {
      const [x, y] = [one.column.codes[a]!, one.column.codes[b]!];
      if (x < 0 || y < 0) continue;
      const same = alike(one, x, y);
      sum += one.weight * same;
      weights += one.weight;
      if (same < 1) unlike.push(one.column.name);
    }
    const whole = columns.reduce((total, { weight }) => total + weight, 0);
    // What is missing on a side says nothing, so enough must be there on both.
    if (weights < 0.6 * whole || sum / weights < SAME) continue;
    pairs++;
    for (const name of unlike) differ.set(name, differ.get(name)! + 1);
    for (const row of [a, b]) if (!parents.has(row)) parents.set(row, row);
    parents.set(root(b), root(a));
  }
  if (pairs === 0) return none;
  const agree = columns.filter(
    ({ column, weight }) => weight >= TELLING && differ.get(column.name)! <= (1 - NEARLY) * pairs,
  );
  return {
    pairs,
    rows: parents.size,
    groups: [...parents.keys()].filter((row) => root(row) === row).length,
    differ: [...differ].filter(([, n]) => n > 0).map(([column, n]) => ({ column, pairs: n })),
    agree: agree.map(({ column }) => column.name),
  };
}
