import { type DatasetManifest, pinOf } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import type { Lake } from "./lake.ts";
import { type Limits, openPins } from "./open-pins.ts";
import type { Source, SourceTable } from "./source.ts";

/** The one schema of the lake. */
const SCHEMA = "lake";

const described = (manifest: DatasetManifest): SourceTable => ({
  schema: SCHEMA,
  table: manifest.name,
  kind: "table",
  comment: null,
  columns: manifest.columns.map((column) => ({ ...column, sourceType: column.type, nullable: true, comment: null })),
  hidden: [],
  keys: [],
  foreignKeys: [],
  rowEstimate: manifest.rows,
  bytes: manifest.bytes,
  fingerprint: manifest.version,
});

/** The lake as a source: its tables are its own datasets, each at its newest version, which never change under a reader. */
export function lakeSource(lake: Lake): Source {
  const openVersions = (pinned: Readonly<Record<string, DatasetManifest>>, limits: Limits) =>
    openPins(
      lake,
      Object.fromEntries(Object.entries(pinned).map(([as, { name, version }]) => [as, pinOf(name, version)])),
      limits,
    );
  const own = async () => (await lake.list()).filter(({ place }) => place === undefined);
  return {
    name: "lake",
    inspect: async () => ({ engine: "DuckDB over Parquet", role: "the process", canWrite: false }),
    async crawl(cursor, limit) {
      const all = (await own()).filter(({ name }) => cursor === null || name > cursor);
      const some = all.slice(0, limit);
      return { tables: some.map(described), refused: [], next: all.length > limit ? some.at(-1)!.name : null };
    },
    async version(schema, table) {
      const manifest = (await own()).find(({ name }) => schema === SCHEMA && name === table);
      if (!manifest) throw fault("not_found", "the lake has no such table; load it with: muster load FILE");
      const { version, rows, bytes, time, arrived, declared } = manifest;
      return { version, rows, bytes, time, arrived, declared, columns: described(manifest).columns };
    },
    open: openVersions,
    async openNow(named, limits) {
      const all = await own();
      const here = Object.entries(named).flatMap(([as, { schema, table }]) =>
        all.filter(({ name }) => schema === SCHEMA && name === table).map((manifest) => [as, manifest] as const),
      );
      const tables = Object.fromEntries(here.map(([as, { columns }]) => [as, { columns, hidden: [] }]));
      return { reader: await openVersions(Object.fromEntries(here), limits), tables };
    },
    close: async () => {},
  };
}
