import { type Column, type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { type Limits, openPins } from "@muster/shared/warehouse/write-query.ts";
import { wordsOf } from "../pii/names.ts";
import type { Link } from "./links.ts";
import { plainSql } from "./marked-rows.ts";
import type { Warehouses } from "./warehouses.ts";

/** Words of names that are keys: alone they say nothing of whose. */
const keyWords = new Set("id key code no number num nr uuid guid ref".split(" "));
/** Below this share of rows that find theirs a name in common is an accident. */
const leastInclusion = 0.8;
/** Between two places a sample of values decides: no query reaches both. */
const sampled = 1000;

const family = ({ type }: Column): string => (type === "number" ? "integer" : type);
const joinable = (column: Column): boolean => family(column) === "integer" || column.type === "text";
const singular = (word: string): string => word.replace(/ies$/, "y").replace(/s$/, "");
const stem = (dataset: string): string => wordsOf(dataset).map(singular).join(" ");

/** Whether a column's name says that it points at a column of another table: the same name, or the table's name and a key word. */
export function pointsAt(child: string, parent: { dataset: string; column: string }): boolean {
  const [c, p] = [wordsOf(child), wordsOf(parent.column)];
  const bare = p.length === 1 && keyWords.has(p[0]!);
  if (!bare && c.join(" ") === p.join(" ")) return true;
  const own = p.slice(0, -1).map(singular).join(" ");
  if (!keyWords.has(p.at(-1) ?? "") || !(bare || own === stem(parent.dataset))) return false;
  const of = c.map(singular).join(" ");
  return (
    of === stem(parent.dataset) ||
    (keyWords.has(c.at(-1) ?? "") && c.slice(0, -1).map(singular).join(" ") === stem(parent.dataset))
  );
}

/** Whether a table bears the name of a column's thing: `employee_id` is at home in `employees`. */
const atHome = (column: string, dataset: string): boolean => {
  const words = wordsOf(column).map(singular);
  return (keyWords.has(words.at(-1) ?? "") ? words.slice(0, -1) : words).join(" ") === stem(dataset);
};

/** What joins are looked for over: the lake, and the tables of warehouses that can be looked at. */
export type Joining = { lake: Lake; warehouses: Warehouses; limits: Limits };

/** A table that may hold keys, or point at them, with its columns as a search reads them. */
export type Joinable = { manifest: DatasetManifest; columns: readonly Column[] };

/** What two columns showed of each other: a column that names its row, and how many of the rows that point at it find theirs. */
type Inclusion = { there: number; distinct: number; rows: number; met: number };

/**
 * Links from a table to those that point at it, which nobody had to define beforehand: names say what to try, the newest
 * rows decide (the column names its row; at least 80 % of the other's rows find theirs). An erasure can't wait for
 * somebody to have asked for a model over these tables.
 */
export async function likelyJoins(joining: Joining, parent: Joinable, others: readonly Joinable[]): Promise<Link[]> {
  const own = parent.manifest.name;
  const links: Link[] = [];
  for (const other of others) {
    const { name } = other.manifest;
    const pairs = parent.columns.filter(joinable).flatMap((column) =>
      other.columns
        .filter((child) => name !== own && joinable(child) && family(child) === family(column))
        // A few rows may name as many employees: that makes nobody's orders the home of employees.
        .filter((child) => !atHome(child.name, name) || atHome(column.name, own))
        .filter((child) => pointsAt(child.name, { dataset: own, column: column.name }))
        .map((child) => ({ column, child })),
    );
    if (pairs.length === 0) continue;
    for (const { column, child, there, distinct, rows, met } of await included(joining, parent, other, pairs))
      if (there > 0 && there === distinct && rows > 0 && met >= leastInclusion * rows)
        links.push({
          from: { dataset: own, column: column.name },
          to: { dataset: name, column: child.name },
          written: false,
        });
  }
  return links;
}

type Pair = { column: Column; child: Column };

/** Looks at pairs of columns of two tables, where both stand; nothing of what a warehouse refuses, which is noted there. */
async function included(
  { lake, warehouses, limits }: Joining,
  { manifest: parent }: Joinable,
  { manifest: child }: Joinable,
  pairs: readonly Pair[],
): Promise<(Pair & Inclusion)[]> {
  const seen: (Pair & Inclusion)[] = [];
  const look = async (inclusion: (pair: Pair) => Promise<Inclusion>) => {
    for (const pair of pairs) seen.push({ ...pair, ...(await inclusion(pair)) });
  };
  const from = (manifest: DatasetManifest) => quoteIdent(manifest.name);
  if (parent.place?.source !== child.place?.source) {
    await inReader({ lake, warehouses, limits }, child, async (children) => {
      const samples = new Map<Pair, string[]>();
      for (const pair of pairs) samples.set(pair, await sampleOf(children, from(child), pair.child));
      await inReader({ lake, warehouses, limits }, parent, (reader) =>
        look((pair) => metAcross(reader, from(parent), pair.column, samples.get(pair)!)),
      );
    });
  } else if (parent.place) {
    await inReader({ lake, warehouses, limits }, child, (reader) =>
      look((pair) => metWithin(reader, { parent: from(parent), child: from(child) }, pair)),
    );
  } else {
    const engine = await openPins(lake, { parent: newestOf(parent), child: newestOf(child) }, limits);
    try {
      await look((pair) => metWithin(engine, { parent: "parent", child: "child" }, pair));
    } finally {
      engine.close();
    }
  }
  return seen;
}

const newestOf = ({ name, version }: DatasetManifest) => pinOf(name, version);

/** Runs work over a table's newest rows, where they stand. */
async function inReader(
  { lake, warehouses, limits }: Joining,
  manifest: DatasetManifest,
  work: (reader: Reader) => Promise<void>,
): Promise<void> {
  if (manifest.place) return warehouses.looking(manifest.name, ({ reader }) => work(reader));
  const engine = await openPins(lake, [newestOf(manifest)], limits);
  try {
    await work(engine);
  } finally {
    engine.close();
  }
}

const number = (sql: string) => `CAST(${sql} AS DOUBLE PRECISION)`;

/** Counts where both tables can be read by one engine. */
async function metWithin(
  reader: Reader,
  { parent, child }: { parent: string; child: string },
  { column, child: pointing }: Pair,
): Promise<Inclusion> {
  const [p, c] = [quoteIdent(column.name), quoteIdent(pointing.name)];
  const [found] = await reader.query<Inclusion>(
    `SELECT (SELECT ${number(`count(${p})`)} FROM ${parent}) AS there,
            (SELECT ${number(`count(DISTINCT ${p})`)} FROM ${parent}) AS "distinct",
            (SELECT ${number(`count(${c})`)} FROM ${child}) AS "rows",
            (SELECT ${number("count(*)")} FROM ${child} WHERE ${c} IN (SELECT ${p} FROM ${parent})) AS met`,
  );
  return found!;
}

/** Values that a column holds, as they are compared: the same ones each time. */
async function sampleOf(reader: Reader, from: string, column: Column): Promise<string[]> {
  const found = await reader.query<{ key: string }>(
    `SELECT "key" FROM (SELECT DISTINCT ${plainSql(column, reader.dialect)} AS "key" FROM ${from}
     WHERE ${quoteIdent(column.name)} IS NOT NULL) AS held ORDER BY md5("key"), "key" LIMIT ${sampled}`,
  );
  return found.map(({ key }) => key);
}

/** Counts where no engine reads both tables: how many of a sample of the other's values are there. */
async function metAcross(reader: Reader, from: string, column: Column, sample: readonly string[]): Promise<Inclusion> {
  const p = quoteIdent(column.name);
  const values = sample.map(() => "(CAST(? AS VARCHAR))").join(", ");
  const met =
    sample.length === 0
      ? "0.0"
      : `(SELECT ${number("count(*)")} FROM (VALUES ${values}) AS given(value)
          WHERE value IN (SELECT ${plainSql(column, reader.dialect)} FROM ${from}))`;
  const [found] = await reader.query<Omit<Inclusion, "rows">>(
    `SELECT ${number(`count(${p})`)} AS there, ${number(`count(DISTINCT ${p})`)} AS "distinct",
            ${number(met)} AS met FROM ${from}`,
    sample,
  );
  return { ...found!, rows: sample.length };
}
