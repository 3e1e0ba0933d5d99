import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Join } from "@muster/shared/domain/join.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { type KeyColumn, keyColumns } from "./joins/columns.ts";
import { namesHome } from "./joins/names.ts";
import { type DeclaredKey, type Ground, type Pair, pairsOf } from "./joins/pairs.ts";
import { containment, type Sketch, sketchOf } from "./joins/sketch.ts";

/** A join with what it was found by: a key that the source declares, names and values, or values alone. */
export type FoundJoin = Join & { by: Ground; filled: number };

/** Below this share of matches a name in common is taken for an accident; values alone must all but all match. */
const leastInclusion: Record<Ground, number> = { declared: 0, names: 0.8, values: 0.98 };
/** Sketches that show less than this aren't counted exactly; rows may repeat what matches, so it is less than the inclusion. */
const leastSketched: Record<Ground, number> = { declared: 0, names: 0.5, values: 0.9 };
/** Values that a sketch must have compared before it is believed. */
const fewestCompared = 8;
/** Pairs with no ground but their values that are counted at most, the fullest first. */
const mostByValues = 300;

type Counted = Pair & { inclusion: number; filled: number };

/**
 * The joins between tables, which the reader holds by their names. Declared keys, names and values say which pairs to try;
 * values decide: sketches first, then every row is counted. What is pointed at is unique. A column points at one table: where
 * several would do, a declared one, then the table that bears the key's name, what names say, the fullest match, the smaller name; where
 * nothing but values speaks and two tables do equally well, none.
 */
export async function findJoins(
  reader: Reader,
  tables: readonly DatasetManifest[],
  declared: readonly DeclaredKey[] = [],
): Promise<FoundJoin[]> {
  const columns: KeyColumn[] = [];
  for (const table of tables) columns.push(...(await keyColumns(reader, table)));
  const likely = await sketched(reader, pairsOf(columns, declared));
  const counted: Counted[] = [];
  for (const pair of likely) {
    const inclusion = await inclusionOf(reader, pair);
    if (inclusion > 0 && inclusion >= leastInclusion[pair.ground])
      counted.push({ ...pair, inclusion, filled: Math.min(1, pair.child.distinct / pair.parent.distinct) });
  }
  return bestOfEach(counted).map(({ child, parent, inclusion, filled, ground }) => ({
    left: { dataset: child.table, column: child.column.name },
    right: { dataset: parent.table, column: parent.column.name },
    ...{ inclusion, leftUnique: child.unique, rightUnique: parent.unique, by: ground, filled },
  }));
}

/** The pairs that sketches don't speak against; each column is sketched once. */
async function sketched(reader: Reader, pairs: readonly Pair[]): Promise<Pair[]> {
  const held = new Map<KeyColumn, Sketch>();
  const of = async (column: KeyColumn) => {
    const sketch = held.get(column) ?? (await sketchOf(reader, column));
    held.set(column, sketch);
    return sketch;
  };
  const likely: (Pair & { share: number })[] = [];
  for (const pair of pairs) {
    const { share, of: compared } = containment(await of(pair.child), await of(pair.parent));
    if (compared >= Math.min(fewestCompared, pair.child.distinct) && share < leastSketched[pair.ground]) continue;
    likely.push({ ...pair, share });
  }
  const byValues = likely.filter(({ ground }) => ground === "values").sort((a, b) => b.share - a.share);
  const tried = new Set(byValues.slice(0, mostByValues));
  return likely.filter((pair) => pair.ground !== "values" || tried.has(pair));
}

/** The share of left rows with a value that find theirs, every row counted. */
async function inclusionOf(reader: Reader, { child, parent }: Pair): Promise<number> {
  const [c, p] = [quoteIdent(child.column.name), quoteIdent(parent.column.name)];
  const [row] = await reader.query(
    `SELECT count(*) AS n FROM ${quoteIdent(child.table)} l WHERE EXISTS (SELECT 1 FROM ${quoteIdent(parent.table)} r WHERE r.${p} = l.${c})`,
  );
  return Number(row!.n) / child.there;
}

const keyOf = ({ table, column }: KeyColumn) => JSON.stringify([table, column.name]);
const atHome = ({ parent }: Counted) => namesHome(parent.table, parent.column.name) || parent.key;

function bestOfEach(counted: readonly Counted[]): Counted[] {
  const declared = ({ ground }: Counted) => Number(ground === "declared");
  const worth = (a: Counted, b: Counted) =>
    declared(b) - declared(a) ||
    Number(b.ground !== "values") - Number(a.ground !== "values") ||
    Number(atHome(b)) - Number(atHome(a)) ||
    b.evidence - a.evidence ||
    b.inclusion - a.inclusion ||
    b.filled - a.filled;
  const ordered = [...counted].sort((a, b) => worth(a, b) || (a.parent.table < b.parent.table ? -1 : 1));
  const best = new Map<string, Counted>();
  const unclear = new Set<string>();
  for (const one of ordered) {
    const key = keyOf(one.child);
    const held = best.get(key);
    if (held) {
      if (one.ground === "values" && worth(held, one) === 0) unclear.add(key);
      continue;
    }
    // Two tables of one key would each point at the other: the table that bears the key's name is the right side.
    const back = best.get(keyOf(one.parent));
    if (back && keyOf(back.parent) === key) continue;
    best.set(key, one);
  }
  return [...best]
    .filter(([key]) => !unclear.has(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, one]) => one);
}
