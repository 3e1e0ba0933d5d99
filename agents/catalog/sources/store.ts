import type { Database, Migration, Trx } from "@muster/shared/database/open.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { ForeignKey } from "@muster/shared/warehouse/source.ts";

/** What is known of the tables of connected sources, and how far a crawl has come that isn't done. */
export type SourceTables = {
  source_table: {
    source: string;
    schema: string;
    table: string;
    dataset: string;
    pin: string;
    fingerprint: string | null;
    row_estimate: number | null;
    keys: string;
    foreign_keys: string;
    crawl: string;
    changed: boolean;
  };
  source_crawl: { source: string; crawl: string; cursor: string | null; refused: string };
};

/** The step that makes the sources' tables. */
export const sourceMigration: Migration = {
  name: "sources",
  sql: `
    create table source_table (
      source text not null, schema text not null, "table" text not null, dataset text not null, pin text not null,
      fingerprint text, row_estimate float8, keys jsonb not null, foreign_keys jsonb not null, crawl text not null,
      changed boolean not null, primary key (source, schema, "table"));
    create unique index source_table_dataset on source_table (dataset);
    create table source_crawl (
      source text primary key, crawl text not null, cursor text, refused jsonb not null);`,
};

/** A table of a source as the last crawl saw it. `changed`: that crawl found it new or with other rows. */
export type KnownTable = {
  source: string;
  schema: string;
  table: string;
  dataset: string;
  pin: DatasetPin;
  fingerprint: string | null;
  rowEstimate: number | null;
  keys: string[][];
  foreignKeys: ForeignKey[];
  crawl: string;
  changed: boolean;
};

/** A table that a crawl left out, and why. */
export type Refused = { schema: string; table: string; reason: string };
/** A crawl that isn't done: what it is known by, and where it goes on. */
export type OpenCrawl = { crawl: string; cursor: string | null; refused: Refused[] };

/** Tables of sources and crawls in the making. */
export function sourceStore(db: Database<SourceTables>) {
  return {
    /** The tables of one source, or of all. */
    tables: async (source: string | null): Promise<KnownTable[]> => {
      const all = db.selectFrom("source_table").selectAll().orderBy("dataset");
      const rows = await (source === null ? all : all.where("source", "=", source)).execute();
      return rows.map(({ row_estimate, foreign_keys, keys, ...row }) => ({
        ...row,
        rowEstimate: row_estimate,
        keys: keys as unknown as string[][],
        foreignKeys: foreign_keys as unknown as ForeignKey[],
      }));
    },
    keep: async (trx: Trx<SourceTables>, table: KnownTable): Promise<void> => {
      const { rowEstimate, keys, foreignKeys, ...same } = table;
      const row = {
        ...same,
        row_estimate: rowEstimate,
        keys: JSON.stringify(keys),
        foreign_keys: JSON.stringify(foreignKeys),
      };
      await trx
        .insertInto("source_table")
        .values(row)
        .onConflict((conflict) => conflict.columns(["source", "schema", "table"]).doUpdateSet(row))
        .execute();
    },
    /** The crawl of a source that isn't done; null where the last one ended. */
    open: async (source: string): Promise<OpenCrawl | null> => {
      const row = await db.selectFrom("source_crawl").selectAll().where("source", "=", source).executeTakeFirst();
      return row ? { crawl: row.crawl, cursor: row.cursor, refused: row.refused as unknown as Refused[] } : null;
    },
    /** Keeps how far a crawl has come. */
    advance: async (trx: Trx<SourceTables>, source: string, { crawl, cursor, refused }: OpenCrawl): Promise<void> => {
      const row = { source, crawl, cursor, refused: JSON.stringify(refused) };
      await trx
        .insertInto("source_crawl")
        .values(row)
        .onConflict((conflict) => conflict.column("source").doUpdateSet(row))
        .execute();
    },
    /** Ends a crawl: the next one begins at the first table. */
    end: async (trx: Trx<SourceTables>, source: string): Promise<void> => {
      await trx.deleteFrom("source_crawl").where("source", "=", source).execute();
    },
  };
}
