import { type DatasetManifest, type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { quoteIdent } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { Limits } from "@muster/shared/warehouse/write-query.ts";
import { z } from "zod";
import { likelyJoins } from "./likely-joins.ts";
import type { Link, Side, Unkeyed } from "./links.ts";
import { type Marks, mostValues, openMarked, plainSql } from "./marked-rows.ts";
import { tellsAlone } from "./tells-alone.ts";

/**
 * Where a person's data stand: one version of one dataset. `by`: the column holds the value that names them, a key that
 * leads there from their rows, or a text that mentions them. `rows` null: written without a key from versions that hold
 * them, so that nobody can tell which rows are theirs. Counts and names only.
 */
export const Place = z.object({
  dataset: z.string(),
  pin: z.string(),
  kind: z.enum(["source", "labels", "features", "scores", "prediction_log"]),
  newest: z.boolean(),
  rows: z.number().int().nonnegative().nullable(),
  texts: z.number().int().nonnegative(),
  columns: z.array(
    z.object({ name: z.string(), by: z.enum(["value", "key", "mention"]), rows: z.number().int().nonnegative() }),
  ),
});
export type Place = z.infer<typeof Place>;

/**
 * Where a person's data stand, by which marks each table's rows are told, and the keys by which the swarm's own rows know
 * them. `marks` and `keys` are personal data: they stay in the process.
 */
export type Trace = { places: Place[]; marks: Map<string, Marks>; keys: ReadonlySet<string> };

/** What a trace stands on. */
export type Tracing = { lake: Lake; links: readonly Link[]; unkeyed: readonly Unkeyed[]; limits: Limits };

/** From a person's row to their orders, to the orders' items, and once more. */
const mostHops = 3;

type Wanted = Map<string, Map<string, Set<string>>>;

/** Notes values to look for in a column; gives whether any of them is new. */
function want(wanted: Wanted, { dataset, column }: Side, values: Iterable<string>): boolean {
  const columns = wanted.get(dataset) ?? new Map<string, Set<string>>();
  const held = columns.get(column) ?? new Set<string>();
  const before = held.size;
  for (const value of values) held.add(value);
  wanted.set(dataset, columns.set(column, held));
  if (held.size > mostValues)
    throw fault("unfit", `${dataset}.${column} would name more than ${mostValues} things; name the person by a key`);
  return held.size > before;
}

/**
 * Traces the person whom `value` names in a column. The value is looked for in that column and, where it is unmistakable
 * (an e-mail address, a long number or code), in every column of text; from their rows keys lead on to what points at them
 * and to what the swarm wrote of them. Every version that stands is read. `written` versions without a key are named whole.
 */
export async function tracePerson(
  { lake, links, unkeyed, limits }: Tracing,
  start: Side,
  value: string,
): Promise<Trace> {
  const manifests = await lake.list();
  const alone = tellsAlone(value);
  const wanted: Wanted = new Map();
  want(wanted, start, [value]);
  if (alone)
    for (const { name } of manifests)
      for (const pin of await lake.versions(name))
        for (const column of (await lake.manifest(pin)).columns.filter(({ type }) => type === "text"))
          want(wanted, { dataset: name, column: column.name }, [value]);
  const marksOf = (name: string): Marks => ({ columns: wanted.get(name) ?? new Map(), mention: alone ? value : null });
  const scan = { lake, limits, value, start };
  const found = new Map<DatasetPin, Place>();
  let open = new Set(wanted.keys());
  for (let hop = 0; open.size > 0 && hop <= mostHops; hop++) {
    const next = new Set<string>();
    for (const name of open) {
      const manifest = manifests.find((one) => one.name === name);
      if (!manifest) continue;
      const places = [];
      for (const pin of await lake.versions(name)) places.push(await scanVersion(scan, pin, marksOf(name)));
      for (const place of places)
        found.set(place.pin, { ...place, newest: place.pin === `${name}@${manifest.version}` });
      const here = places.filter(({ rows }) => (rows ?? 0) > 0).map(({ pin }) => pin);
      if (here.length === 0) continue;
      const ways = uniqueLinks([
        ...links.filter(({ from }) => from.dataset === name),
        ...(manifest.kind === "source" ? await likelyJoins(lake, manifest, sourcesOf(manifests), limits) : []),
      ]);
      for (const way of ways)
        if (want(wanted, way.to, await keysAlong(scan, way, here, marksOf(name)))) next.add(way.to.dataset);
    }
    open = next;
  }
  const places = [...found.values()].filter(({ rows, texts }) => (rows ?? 0) > 0 || texts > 0);
  places.push(...(await whole(lake, unkeyed, places)));
  const names = [...new Set(places.map(({ dataset }) => dataset))];
  const keys = [...wanted.values()].flatMap((columns) => [...(columns.get("__entity") ?? [])]);
  return {
    places: places.sort(byPlace),
    marks: new Map(names.map((name) => [name, marksOf(name)])),
    keys: new Set([value, ...keys]),
  };
}

const sourcesOf = (manifests: readonly DatasetManifest[]) => manifests.filter(({ kind }) => kind === "source");
const uniqueLinks = (links: readonly Link[]): Link[] => [
  ...new Map(links.map((link) => [JSON.stringify([link.from, link.to]), link])).values(),
];
const byPlace = (a: Place, b: Place): number => (a.pin < b.pin ? -1 : a.pin > b.pin ? 1 : 0);

type Scan = { lake: Lake; limits: Limits; value: string; start: Side };

/** Counts the person's rows of one version by the columns that tell them, and the texts that mention them. */
async function scanVersion({ lake, limits, value }: Scan, pin: DatasetPin, marks: Marks): Promise<Place> {
  const { name, kind, columns } = await lake.manifest(pin);
  const marked = await openMarked(lake, pin, marks, limits);
  try {
    const tests = [...marked.tests, ...marked.mentions];
    const counts = tests.map(([, test], i) => `CAST(count(*) FILTER (WHERE ${test}) AS DOUBLE PRECISION) AS n${i}`);
    const texts = marked.mentions.size > 0 ? [...marked.mentions.values()].join(" OR ") : "false";
    const [row] = await marked.engine.query<Record<string, number>>(
      `SELECT ${[...counts, `CAST(count(*) FILTER (WHERE ${marked.any}) AS DOUBLE PRECISION) AS "rows"`, `CAST(count(*) FILTER (WHERE ${texts}) AS DOUBLE PRECISION) AS texts`].join(", ")} FROM it`,
    );
    const onlyValue = (wanted?: ReadonlySet<string>) => wanted?.size === 1 && wanted.has(value);
    const by = (i: number, column: string) =>
      i >= marked.tests.size ? "mention" : onlyValue(marks.columns.get(column)) ? "value" : "key";
    return {
      ...{ dataset: name, pin, kind, newest: false, rows: row!.rows!, texts: row!.texts! },
      columns: tests
        .map(([column], i) => ({ name: column, by: by(i, column), rows: row![`n${i}`]! }) as const)
        .filter(({ name: column, rows }) => rows > 0 && columns.some((one) => one.name === column)),
    };
  } finally {
    marked.engine.close();
  }
}

/** The keys that lead from a person's rows along a link; none where the column doesn't name its row. */
async function keysAlong({ lake, limits }: Scan, way: Link, pins: readonly DatasetPin[], marks: Marks) {
  const keys = new Set<string>();
  for (const pin of pins) {
    const column = (await lake.manifest(pin)).columns.find(({ name }) => name === way.from.column);
    if (!column) continue;
    const { engine, any, tests } = await openMarked(lake, pin, marks, limits);
    try {
      const c = quoteIdent(column.name);
      const own = tests.get(column.name);
      const [names] = await engine.query<{ own: boolean }>(
        `SELECT count(${c}) > 0 AND count(${c}) = count(DISTINCT ${c}) AS own FROM it`,
      );
      // Other people's keys beside a person's row (who sold it to them) lead to other people.
      const rows = names!.own ? any : way.written ? own : undefined;
      if (!rows) continue;
      const found = await engine.query<{ key: string }>(
        `SELECT DISTINCT ${plainSql(column)} AS "key" FROM it WHERE ${rows} AND ${c} IS NOT NULL LIMIT ${mostValues + 1}`,
      );
      for (const { key } of found) keys.add(key);
    } finally {
      engine.close();
    }
  }
  return keys;
}

/** Versions written without a key from versions that hold the person. */
async function whole(lake: Lake, unkeyed: readonly Unkeyed[], places: readonly Place[]): Promise<Place[]> {
  const held = new Set(places.map(({ pin }) => pin));
  const found: Place[] = [];
  for (let before = -1; before < found.length; ) {
    before = found.length;
    for (const { pin, sources } of unkeyed) {
      if (held.has(pin) || !sources.some((source) => held.has(source))) continue;
      const { name } = parseDatasetRef(pin);
      if (!(await lake.versions(name)).includes(pin)) continue;
      held.add(pin);
      const { kind } = await lake.manifest(pin);
      found.push({ dataset: name, pin, kind, newest: await lake.isNewest(pin), rows: null, texts: 0, columns: [] });
    }
  }
  return found;
}
