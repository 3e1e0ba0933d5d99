import type { Column, DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { Join } from "@muster/shared/domain/join.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { singular, wordsOf } from "./words.ts";

/** Below this share of matches a name in common is taken for an accident. */
const LEAST_INCLUSION = 0.8;
const KEY_WORDS = new Set(["id", "key", "code", "no", "number", "nr", "uuid"]);
/** Words by which a column points back at its own table. */
const BACK = new Set([
  "parent",
  "manager",
  "reports",
  "report",
  "supervisor",
  "boss",
  "previous",
  "original",
  "reply",
  "referrer",
]);

const family = ({ type }: Column) => (type === "number" ? "integer" : type);
const stemOf = (dataset: string) => wordsOf(dataset).join("");
const isKeyWord = (word: string | undefined) => word !== undefined && KEY_WORDS.has(word);

/**
 * How strongly names say that `child` of one table points at `parent` of another (0: not at all): the same name (4), the
 * table's name and a key word ("customer_id" → customers.id, 3), a word that begins like the table's name above a key
 * word ("ship_via" → shippers.shipper_id, 2), or a word that points back at the own table ("reports_to", 1).
 */
export function nameEvidence(from: string, child: string, to: string, parent: string): number {
  const [c, p] = [wordsOf(child), wordsOf(parent)];
  const target = stemOf(to);
  const keyLike = isKeyWord(p.at(-1)) || p.join("") === singular(target);
  if (from !== to && c.join("") === p.join("") && !(c.length === 1 && isKeyWord(c[0]))) return keyLike ? 4 : 3.5;
  if (!keyLike) return 0;
  if (from !== to && isKeyWord(c.at(-1)) && c.slice(0, -1).join("") === target) return 3;
  if (from === to) return child !== parent && c.some((word) => BACK.has(word)) ? 1 : 0;
  return c.some((word) => word.length >= 4 && target.startsWith(word) && word !== target) ? 2 : 0;
}

type Pair = { from: DatasetManifest; child: Column; to: DatasetManifest; parent: Column; evidence: number };

function candidates(tables: readonly DatasetManifest[]): Pair[] {
  const keys = (table: DatasetManifest) => table.columns.filter((c) => family(c) === "integer" || c.type === "text");
  const pairs: Pair[] = [];
  for (const from of tables) {
    for (const child of keys(from)) {
      for (const to of tables) {
        for (const parent of keys(to)) {
          if (family(child) !== family(parent)) continue;
          const evidence = nameEvidence(from.name, child.name, to.name, parent.name);
          if (evidence > 0) pairs.push({ from, child, to, parent, evidence });
        }
      }
    }
  }
  return pairs;
}

type Keyness = { there: number; unique: boolean };

/** For every column of a candidate: how many values, and whether they all differ. One scan a table. */
async function keyness(reader: Reader, pairs: readonly Pair[]): Promise<Map<string, Keyness>> {
  const wanted = new Map<string, Set<string>>();
  for (const { from, child, to, parent } of pairs) {
    for (const [table, column] of [
      [from.name, child.name],
      [to.name, parent.name],
    ] as const) {
      wanted.set(table, (wanted.get(table) ?? new Set()).add(column));
    }
  }
  const found = new Map<string, Keyness>();
  for (const [table, columns] of wanted) {
    const list = [...columns];
    const select = list.map((c, i) => `count(${quoteIdent(c)}) AS n${i}, count(DISTINCT ${quoteIdent(c)}) AS d${i}`);
    const [row] = await reader.query(`SELECT ${select.join(", ")} FROM ${quoteIdent(table)}`);
    list.forEach((column, i) => {
      const there = Number(row![`n${i}`]);
      found.set(`${table}.${column}`, { there, unique: there > 0 && there === Number(row![`d${i}`]) });
    });
  }
  return found;
}

/**
 * The joins between tables, which the reader holds as views of their names. Names and types say which pairs to try, data
 * decide: the right column's values are unique and at least 80 % of the left rows find theirs, counted exactly. A column
 * points at one table: where several would do, the one whose name says most, then the fullest match, then the one whose
 * table bears the key's name, then the smaller name.
 */
export async function findJoins(reader: Reader, tables: readonly DatasetManifest[]): Promise<Join[]> {
  const pairs = candidates(tables);
  const facts = await keyness(reader, pairs);
  const found: (Join & { evidence: number; home: boolean })[] = [];
  for (const { from, child, to, parent, evidence } of pairs) {
    const left = facts.get(`${from.name}.${child.name}`)!;
    const right = facts.get(`${to.name}.${parent.name}`)!;
    if (left.there === 0 || !right.unique) continue;
    const [c, p] = [quoteIdent(child.name), quoteIdent(parent.name)];
    const [row] = await reader.query(
      `SELECT count(*) AS n FROM ${quoteIdent(from.name)} l SEMI JOIN ${quoteIdent(to.name)} r ON l.${c} = r.${p}`,
    );
    const inclusion = Number(row!.n) / left.there;
    if (inclusion < LEAST_INCLUSION) continue;
    found.push({
      left: { dataset: from.name, column: child.name },
      right: { dataset: to.name, column: parent.name },
      inclusion,
      leftUnique: left.unique,
      rightUnique: right.unique,
      evidence,
      home: wordsOf(parent.name).slice(0, -1).join("") === stemOf(to.name),
    });
  }
  return bestOfEach(found).map(({ evidence: _, home: __, ...join }) => join);
}

function bestOfEach<T extends Join & { evidence: number; home: boolean }>(found: readonly T[]): T[] {
  const ordered = [...found].sort(
    (a, b) =>
      Number(b.home) - Number(a.home) ||
      b.evidence - a.evidence ||
      b.inclusion - a.inclusion ||
      (a.right.dataset < b.right.dataset ? -1 : 1),
  );
  const best = new Map<string, T>();
  for (const join of ordered) {
    const key = `${join.left.dataset}.${join.left.column}`;
    const back = best.get(`${join.right.dataset}.${join.right.column}`);
    // Two tables of one key would each point at the other: the table that bears the key's name is the right side.
    const mirrored = back?.right.dataset === join.left.dataset && back.right.column === join.left.column;
    if (!best.has(key) && !mirrored) best.set(key, join);
  }
  return [...best.values()].sort((a, b) => {
    const [x, y] = [a, b].map((j) => `${j.left.dataset}.${j.left.column}`);
    return x! < y! ? -1 : 1;
  });
}
