import type { ColumnType } from "@muster/shared/domain/dataset.ts";

/** One column by codes: `codes[row]` is the place of its value in `values`, −1 where it is missing; `counts` by code. */
export type CodedColumn = {
  name: string;
  type: ColumnType;
  values: string[];
  counts: Int32Array;
  codes: Int32Array;
};

/** Rows of a table held by codes, column by column. */
export type CodedTable = { rows: number; columns: CodedColumn[] };

/** Codes a column of texts (null is missing) by order of first appearance. */
export function codedColumn(name: string, type: ColumnType, cells: readonly (string | null)[]): CodedColumn {
  const places = new Map<string, number>();
  const values: string[] = [];
  const counts: number[] = [];
  const codes = Int32Array.from(cells, (cell) => {
    if (cell === null) return -1;
    let place = places.get(cell);
    if (place === undefined) {
      place = values.length;
      places.set(cell, place);
      values.push(cell);
      counts.push(0);
    }
    counts[place] = counts[place]! + 1;
    return place;
  });
  return { name, type, values, counts: Int32Array.from(counts), codes };
}

/** The rows of a column in the order of their codes, missing ones left out; group `g` is `rows[starts[g] … starts[g + 1])`. */
export type Groups = { rows: Int32Array; starts: Int32Array };

/** Groups rows by the codes 0..n−1 by a counting sort; rows coded −1 belong to none. */
export function groupsOf(codes: Int32Array, n: number): Groups {
  const starts = new Int32Array(n + 1);
  for (const code of codes) if (code >= 0) starts[code + 1]!++;
  for (let g = 0; g < n; g++) starts[g + 1]! += starts[g]!;
  const next = starts.slice(0, n);
  const rows = new Int32Array(starts[n]!);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code >= 0) rows[next[code]!++] = row;
  }
  return { rows, starts };
}

/** The codes of two columns as one: rows that miss either are −1. */
export function crossed(left: CodedColumn, right: CodedColumn): { codes: Int32Array; groups: number } {
  const places = new Map<number, number>();
  const codes = left.codes.map((l, row) => {
    const r = right.codes[row]!;
    if (l < 0 || r < 0) return -1;
    const key = l * right.values.length + r;
    const place = places.get(key) ?? places.size;
    if (place === places.size) places.set(key, place);
    return place;
  });
  return { codes, groups: places.size };
}

/** The rows of a table that equal no earlier one. */
export function withoutCopies(table: CodedTable): CodedTable {
  const seen = new Set<string>();
  const kept: number[] = [];
  for (let row = 0; row < table.rows; row++) {
    const key = table.columns.map(({ codes }) => codes[row]).join(" ");
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(row);
  }
  const columns = table.columns.map(({ name, type, values, codes }) =>
    codedColumn(
      name,
      type,
      kept.map((row) => (codes[row]! < 0 ? null : values[codes[row]!]!)),
    ),
  );
  return { rows: kept.length, columns };
}
