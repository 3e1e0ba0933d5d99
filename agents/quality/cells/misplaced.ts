import type { CodedTable } from "./coded.ts";

/** A value is at home in a column from so many rows on, and a stranger where it has at most this share of them. */
export const AT_HOME = 20;
const RARER = 0.05;
/** A column has strangers only where common values make up this share of it. */
const COMMON = 5;
const CLOSED = 0.8;
/** Columns of which so much stands in the other too hold the same kind of thing. */
const SHARED = 0.1;

const sum = (counts: Iterable<number>) => [...counts].reduce((total, n) => total + n, 0);

/** For each column by its place, the codes of values that stand rarely here and are at home in a column of another kind. */
export function misplacedCodes(table: CodedTable): Map<number, Set<number>> {
  const texts = table.columns.flatMap((column, place) => {
    if (column.type !== "text") return [];
    const counts = new Map(column.values.map((value, code) => [value, column.counts[code]!]));
    const rows = sum(column.counts);
    const closed = sum([...column.counts].filter((n) => n >= COMMON)) >= CLOSED * rows;
    return [{ column, place, counts, rows, closed }];
  });
  const found = new Map<number, Set<number>>();
  for (const here of texts.filter(({ closed }) => closed))
    for (const other of texts) {
      if (here === other) continue;
      const there = here.column.values.map((value) => other.counts.get(value) ?? 0);
      const shared = here.column.counts.reduce((total, n, code) => total + (there[code]! > RARER * n ? n : 0), 0);
      if (shared > SHARED * here.rows) continue;
      for (const [code, n] of here.column.counts.entries()) {
        if (there[code]! < AT_HOME || n > RARER * there[code]! || here.column.values[code]!.length < 2) continue;
        found.set(here.place, (found.get(here.place) ?? new Set()).add(code));
      }
    }
  return found;
}
