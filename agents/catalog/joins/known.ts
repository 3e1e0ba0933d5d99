import { hashOf } from "@muster/shared/canonical.ts";
import { type DatasetManifest, pinOf } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { asOfNow } from "@muster/shared/warehouse/newest.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { inPlace } from "../in-place.ts";
import type { CatalogDeps } from "../index.ts";
import { type FoundJoin, findJoins } from "../joins.ts";
import type { DeclaredKey } from "./pairs.ts";

/** Tables looked at for joins at once at most. */
export const widestSearch = 60;

/**
 * The joins between dataset versions, found once for a set of them and kept. Tables that stand in different places aren't
 * joined: no query reaches both.
 */
export async function joinsBetween(deps: CatalogDeps, tables: readonly DatasetManifest[]): Promise<FoundJoin[]> {
  const found: FoundJoin[] = [];
  for (const { key, set, declared } of await sets(deps, tables)) {
    const held = await deps.store.joins(key);
    const joins = held ?? (await find(deps, set, declared));
    if (!held) await deps.store.saveJoins(key, joins);
    found.push(...joins);
  }
  return found;
}

/** A dataset's joins among all source datasets of its place as they stand, where they were found before; else null. */
export async function joinsHeldOf(deps: CatalogDeps, name: string): Promise<FoundJoin[] | null> {
  const sources = (await deps.lake.list()).filter(({ kind }) => kind === "source");
  const own = sources.find((one) => one.name === name);
  if (!own) return null;
  const here = sources.filter(({ place }) => place?.source === own.place?.source);
  const newest = here.sort((a, b) => b.writtenAt.localeCompare(a.writtenAt)).slice(0, widestSearch);
  const [set] = await sets(deps, newest);
  const held = await deps.store.joins(set!.key);
  return held?.filter(({ left, right }) => left.dataset === name || right.dataset === name) ?? null;
}

/**
 * What joins are looked for among around a dataset: it and the newest other source datasets of its place, each as it is now, by
 * name; `elsewhere`: those of other places, or that can't be read.
 */
export async function neighbours({ lake }: CatalogDeps, name: string, now: Date) {
  const sources = (await lake.list()).filter(({ kind }) => kind === "source");
  const known = sources.find((one) => one.name === name);
  if (!known) throw fault("not_found", `no dataset ${name}; load it with: muster load FILE --as ${name}`);
  const others = sources.filter((one) => one !== known);
  const { tables, elsewhere } = await inPlace(lake, others, { place: known.place, most: widestSearch - 1, now });
  const table = await asOfNow(lake, known, now);
  return { table, tables: [table, ...tables].sort((a, b) => a.name.localeCompare(b.name)), elsewhere };
}

const find = ({ lake, threads }: CatalogDeps, set: readonly DatasetManifest[], declared: readonly DeclaredKey[]) =>
  withPins(
    lake,
    set.map(({ name, version }) => pinOf(name, version)),
    { threads },
    (reader) => findJoins(reader, set, declared),
  );

/** Tables by the place where they stand, with the keys that it and projects declare between them. */
async function sets({ store }: CatalogDeps, tables: readonly DatasetManifest[]) {
  const known = tables.some(({ place }) => place) ? await store.sources.tables(null) : [];
  const projects = await store.foreignKeys.between(tables.map(({ name }) => name));
  return [...Map.groupBy(tables, ({ place }) => place?.source ?? "")].map(([source, set]) => {
    const own = known.filter((one) => one.source === source);
    const datasetOf = (schema: string, table: string) =>
      own.find((one) => one.schema === schema && one.table === table)?.dataset;
    const here = new Set(set.map(({ name }) => name));
    const both = projects.filter(({ left, right }) => here.has(left.dataset) && here.has(right.dataset));
    const bySource = own.flatMap(({ dataset, foreignKeys }) =>
      foreignKeys.flatMap(({ columns, schema, table, references }): DeclaredKey[] => {
        const to = datasetOf(schema, table);
        if (!to || columns.length !== 1) return [];
        return [{ left: { dataset, column: columns[0]! }, right: { dataset: to, column: references[0]! } }];
      }),
    );
    const declared = [...bySource, ...both];
    const pins = set.map(({ name, version }) => pinOf(name, version)).sort();
    return { key: hashOf({ by: "values", pins, declared }), set, declared };
  });
}
