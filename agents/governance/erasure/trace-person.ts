import { type DatasetPin, parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { Limits } from "@muster/shared/warehouse/write-query.ts";
import { type Joinable, likelyJoins } from "./likely-joins.ts";
import type { Link, Side, Unkeyed } from "./links.ts";
import { lookElsewhere, lookInLake } from "./look-at.ts";
import { type Marks, mostValues } from "./marked-rows.ts";
import type { Place, WarehousePlace } from "./places.ts";
import { tellsAlone } from "./tells-alone.ts";
import { type NotSearched, openWarehouses, type Warehouses } from "./warehouses.ts";

/**
 * Where a person's data stand, by which marks each table's rows are told, and the keys by which the swarm's own rows know
 * them. `places` are the lake's, `warehouse` is what stands in warehouses, `notSearched` what couldn't be looked at.
 * `marks` and `keys` are personal data: they stay in the process.
 */
export type Trace = {
  places: Place[];
  warehouse: WarehousePlace[];
  notSearched: NotSearched[];
  marks: Map<string, Marks>;
  keys: ReadonlySet<string>;
};

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
 * and to what the swarm wrote of them, between the lake and warehouses too. Every version that stands in the lake is read,
 * and every warehouse's tables as they are now. `written` versions without a key are named whole.
 */
export async function tracePerson(tracing: Tracing, start: Side, value: string): Promise<Trace> {
  const manifests = await tracing.lake.list();
  const warehouses = await openWarehouses(tracing.lake, manifests, tracing.limits);
  try {
    const tables = manifests.map((manifest) => ({
      manifest,
      columns: warehouses.tables.get(manifest.name)?.columns ?? manifest.columns,
    }));
    return await traceIn({ ...tracing, warehouses, tables, value }, start);
  } finally {
    await warehouses.close();
  }
}

type Search = Tracing & { warehouses: Warehouses; tables: readonly Joinable[]; value: string };

async function traceIn(search: Search, start: Side): Promise<Trace> {
  const { lake, links, unkeyed, tables, warehouses, value } = search;
  const alone = tellsAlone(value);
  const wanted: Wanted = new Map();
  want(wanted, start, [value]);
  if (alone) for (const side of await textsOf(search)) want(wanted, side, [value]);
  const marksOf = (name: string): Marks => ({ columns: wanted.get(name) ?? new Map(), mention: alone ? value : null });
  const found = new Map<DatasetPin, Place>();
  const elsewhere = new Map<string, WarehousePlace>();
  let open = new Set(wanted.keys());
  for (let hop = 0; open.size > 0 && hop <= mostHops; hop++) {
    const next = new Set<string>();
    for (const name of open) {
      const table = tables.find(({ manifest }) => manifest.name === name);
      if (!table) continue;
      const looked = table.manifest.place
        ? await lookElsewhere(search, table, marksOf(name), elsewhere)
        : await lookInLake(search, table, marksOf(name), found);
      for (const way of uniqueLinks([
        ...links.filter(({ from }) => from.dataset === name),
        ...(looked.length > 0 ? await waysFrom(search, table) : []),
      ])) {
        // What the swarm wrote of a row outlives the row in its warehouse, whose older versions nobody can read.
        const known = table.manifest.place && way.written ? (wanted.get(name)?.get(way.from.column) ?? []) : [];
        const keys = new Set(known);
        for (const keysAlong of looked) for (const key of await keysAlong(way, marksOf(name))) keys.add(key);
        if (want(wanted, way.to, keys)) next.add(way.to.dataset);
      }
    }
    open = next;
  }
  const places = [...found.values()].filter(({ rows, texts }) => (rows ?? 0) > 0 || texts > 0);
  const warehouse = [...elsewhere.values()].filter(({ rows, texts }) => rows > 0 || texts > 0);
  const versions = await Promise.all(warehouse.map(({ dataset }) => lake.everyVersion(dataset)));
  places.push(...(await whole(lake, unkeyed, [...places.map(({ pin }) => pin), ...versions.flat()])));
  const names = [...new Set(places.map(({ dataset }) => dataset))];
  const keys = [...wanted.values()].flatMap((columns) => [...(columns.get("__entity") ?? [])]);
  return {
    places: places.sort((a, b) => inOrder(a.pin, b.pin)),
    warehouse: warehouse.sort((a, b) => inOrder(a.dataset, b.dataset)),
    notSearched: [...warehouses.notSearched],
    marks: new Map(names.map((name) => [name, marksOf(name)])),
    keys: new Set([value, ...keys]),
  };
}

const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const uniqueLinks = (links: readonly Link[]): Link[] => [
  ...new Map(links.map((link) => [JSON.stringify([link.from, link.to]), link])).values(),
];

/** Every column of text, in whatever version. */
async function textsOf({ lake, tables }: Search): Promise<Side[]> {
  const sides: Side[] = [];
  for (const { manifest, columns } of tables) {
    const dataset = manifest.name;
    const pins = manifest.place ? [] : await lake.versions(dataset);
    const all = manifest.place ? [columns] : [];
    for (const pin of pins) all.push((await lake.manifest(pin)).columns);
    for (const { name: column, type } of all.flat()) if (type === "text") sides.push({ dataset, column });
  }
  return sides;
}

const waysFrom = async (search: Search, table: Joinable): Promise<Link[]> =>
  table.manifest.kind === "source" ? likelyJoins(search, table, search.tables.filter(canBeJoined(search))) : [];

/** Sources whose rows can be looked at. */
const canBeJoined =
  ({ warehouses }: Search) =>
  ({ manifest: { name, kind, place } }: Joinable): boolean =>
    kind === "source" && (!place || warehouses.tables.has(name));

/** Versions written without a key from versions that hold the person; of a warehouse's table nobody can tell which did. */
async function whole(lake: Lake, unkeyed: readonly Unkeyed[], holding: readonly DatasetPin[]): Promise<Place[]> {
  const held = new Set(holding);
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
