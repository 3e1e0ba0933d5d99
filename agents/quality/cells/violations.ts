import { type CodedColumn, type CodedTable, crossed, groupsOf } from "./coded.ts";
import type { Dependency } from "./dependencies.ts";

/** A cell that goes against something, and how: rows and columns by their place in the table. */
export type Suspect = { row: number; column: number };

/** A group speaks against a value from this many rows on, of which this share agrees. */
const FEWEST_IN_GROUP = 3;
const AGREED = 0.75;

/** Rows of one value elsewhere of which this share breaks a rule are its exception, not mistakes. */
const FEWEST_EXCEPTED = 4;
const EXCEPTED = 0.6;

/** A column is blamed when it breaks this share of the rules that it stands in. */
const BLAMED = 0.5;

/** A row's broken rules: the columns that each involves, the dependent last. */
type Broken = Map<number, number[][]>;

/** Which rows keep (1) and which break (2) a dependency; 0 where no group speaks. */
function judged(table: CodedTable, places: readonly number[]): Uint8Array {
  const [x, y] = [places.slice(0, -1).map((i) => table.columns[i]!), table.columns[places.at(-1)!]!];
  const { codes, groups } =
    x.length === 1 ? { codes: x[0]!.codes, groups: x[0]!.values.length } : crossed(x[0]!, x[1]!);
  const { rows, starts } = groupsOf(codes, groups);
  const counts = new Int32Array(y.values.length);
  const verdicts = new Uint8Array(table.rows);
  for (let g = 0; g < groups; g++) {
    let [size, top, most] = [0, -1, 0];
    for (let i = starts[g]!; i < starts[g + 1]!; i++) {
      const code = y.codes[rows[i]!]!;
      if (code < 0) continue;
      size++;
      const count = ++counts[code]!;
      if (count > most) [top, most] = [code, count];
    }
    const speaks = size >= FEWEST_IN_GROUP && most >= AGREED * size;
    for (let i = starts[g]!; i < starts[g + 1]!; i++) {
      const code = y.codes[rows[i]!]!;
      if (code < 0) continue;
      counts[code] = 0;
      if (speaks) verdicts[rows[i]!] = code === top ? 1 : 2;
    }
  }
  return verdicts;
}

/** Takes back verdicts on rows that another column's value excepts: nearly all rows with it break the rule. */
function except(table: CodedTable, places: readonly number[], verdicts: Uint8Array): void {
  for (const [place, column] of table.columns.entries()) {
    if (places.includes(place)) continue;
    const [kept, broken] = [new Int32Array(column.values.length), new Int32Array(column.values.length)];
    column.codes.forEach((code, row) => {
      if (code >= 0 && verdicts[row] === 1) kept[code]!++;
      if (code >= 0 && verdicts[row] === 2) broken[code]!++;
    });
    const excepted = (code: number) =>
      broken[code]! >= FEWEST_EXCEPTED && broken[code]! >= EXCEPTED * (kept[code]! + broken[code]!);
    column.codes.forEach((code, row) => {
      if (code >= 0 && verdicts[row] === 2 && excepted(code)) verdicts[row] = 0;
    });
  }
}

function breaks(table: CodedTable, { determinant, dependent }: Dependency, broken: Broken, kept: Broken): void {
  const place = (name: string) => table.columns.findIndex((column) => column.name === name);
  const places = [...determinant, dependent].map(place);
  const verdicts = judged(table, places);
  except(table, places, verdicts);
  for (const [row, verdict] of verdicts.entries()) {
    if (verdict === 0) continue;
    const into = verdict === 1 ? kept : broken;
    const list = into.get(row);
    if (list) list.push(places);
    else into.set(row, [places]);
  }
}

/** How often a row's value stands in its column: the rarer one is blamed. */
const rarity = (column: CodedColumn, row: number) => {
  const code = column.codes[row]!;
  return code < 0 ? 0 : column.counts[code]!;
};

/** How often each column of a row stands in some of its rules. */
function involved(edges: readonly number[][]): Map<number, number> {
  const times = new Map<number, number>();
  for (const edge of edges) for (const column of edge) times.set(column, (times.get(column) ?? 0) + 1);
  return times;
}

/**
 * The cells that break dependencies. Each broken rule involves the columns of its determinant and the dependent; in a row,
 * the fewest columns that touch all its broken rules are blamed, greedily (conflicts as a hypergraph and its cover: Chu,
 * Ilyas and Papotti 2013): first the column of whose rules the largest share is broken, of equals the one that breaks
 * more, then the one whose value is rarer. A column that keeps more of its rules than it breaks isn't blamed.
 */
export function brokenDependencies(table: CodedTable, dependencies: readonly Dependency[]): Suspect[] {
  const [broken, kept]: [Broken, Broken] = [new Map(), new Map()];
  for (const one of dependencies) breaks(table, one, broken, kept);
  const found: Suspect[] = [];
  for (const [row, edges] of broken) {
    const confirmed = involved(kept.get(row) ?? []);
    const shareOf = ([column, times]: [number, number]) => times / (times + (confirmed.get(column) ?? 0));
    const order = (a: [number, number], b: [number, number]) =>
      shareOf(b) - shareOf(a) || b[1] - a[1] || rarity(table.columns[a[0]]!, row) - rarity(table.columns[b[0]]!, row);
    let open = edges;
    while (open.length > 0) {
      const [blamed] = [...involved(open)].sort(order);
      const [column] = blamed!;
      if (shareOf(blamed!) >= BLAMED) found.push({ row, column });
      open = open.filter((edge) => !edge.includes(column));
    }
  }
  return found;
}
