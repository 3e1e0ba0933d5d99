import type { Column, DatasetManifest } from "../domain/dataset.ts";
import { type Connection, connectionOf, homeOf, passwordOf } from "./connection.ts";
import type { Lake } from "./lake.ts";
import { lakeSource } from "./lake-source.ts";
import type { Moments } from "./moments.ts";
import type { Limits } from "./open-pins.ts";
import { openPostgresSource } from "./postgres/source.ts";
import type { Reader } from "./reader.ts";

/** A column as a source describes it: its storage type, the source's own type, and what its comment says. */
export type SourceColumn = Column & { sourceType: string; nullable: boolean; comment: string | null };

/** A foreign key: columns of a table, and the columns of another that they name, in the same order. */
export type ForeignKey = { columns: string[]; schema: string; table: string; references: string[] };

/** A table or view of a source. Everything in it is text of somebody else's: shown, searched, never followed. */
export type SourceTable = {
  schema: string;
  table: string;
  kind: "table" | "view";
  comment: string | null;
  columns: SourceColumn[];
  /** Columns that the role may not read; they aren't among `columns`. */
  hidden: string[];
  /** Primary and unique keys. */
  keys: string[][];
  foreignKeys: ForeignKey[];
  rowEstimate: number | null;
  bytes: number | null;
  /** Equal as long as the source shows no change of the rows: saves a checksum. Null: only a checksum tells. */
  fingerprint: string | null;
};

/** A part of a crawl, in order of schema and table; `next` goes on from there, null after the last. */
export type Crawled = {
  tables: SourceTable[];
  refused: { schema: string; table: string; reason: string }[];
  next: string | null;
};

/** What a table is at a moment: its version, what stands in it, and which columns are its times. */
export type TableVersion = Moments & { version: string; rows: number; bytes: number; columns: SourceColumn[] };

/** What a source says of itself and of the role that reads it. */
export type Inspection = { engine: string; role: string; canWrite: boolean };

/** A table that is opened as it is now: what can be read of it, and which columns the role may not read. */
export type TableNow = { columns: Column[]; hidden: string[] };

/**
 * A place where datasets stand: the lake, or a warehouse. A new kind is one file that gives these, one of SQL
 * (`dialects/`), and an entry in `openers`; every source passes tests/warehouse/conformance.
 */
export type Source = {
  /** Name of the connection; `lake` is the lake. */
  name: string;
  /** `unavailable` where it can't be reached. */
  inspect(): Promise<Inspection>;
  /** The tables after `cursor` (null: from the first), at most `limit` of them; resumable by handing `next` back. */
  crawl(cursor: string | null, limit: number): Promise<Crawled>;
  /** Computed by the source over the rows as they are now. `not_found` where there is no such table. */
  version(schema: string, table: string): Promise<TableVersion>;
  /**
   * A reader over exactly these versions, each by its name: one view of the source for as long as it is open. `conflict`
   * where a table isn't that version any more. Close it.
   */
  open(pinned: Readonly<Record<string, DatasetManifest>>, limits: Limits): Promise<Reader>;
  /**
   * A reader over tables as they are at this moment, each by its name and whatever version it is: for who looks for something
   * and builds nothing on it, so that a table that changes all day can be looked at. `tables` leaves out what isn't there.
   * Close the reader.
   */
  openNow(
    named: Readonly<Record<string, Pick<SourceTable, "schema" | "table">>>,
    limits: Limits,
  ): Promise<{ reader: Reader; tables: Record<string, TableNow> }>;
  /** Frees what it holds. */
  close(): Promise<void>;
};

const openers = { postgres: openPostgresSource } satisfies Record<
  Connection["kind"],
  (connection: Connection, password: string | undefined, scratch: () => string) => Source
>;

/** Opens a source by its connection; nothing is reached before it is asked. Close it. */
export async function openSource(lake: Lake, connection: Connection): Promise<Source> {
  const password = await passwordOf(homeOf(lake), connection.password);
  return openers[connection.kind](connection, password, () => lake.scratch().replace(/parquet$/, "csv"));
}

/** Opens the source of that name: the lake itself where it is null. `not_found` where nothing is connected so. */
export const sourceNamed = async (lake: Lake, name: string | null): Promise<Source> =>
  name === null ? lakeSource(lake) : openSource(lake, await connectionOf(homeOf(lake), name));

/** Runs work over a source and closes it. */
export async function withSource<T>(lake: Lake, name: string | null, work: (source: Source) => Promise<T>): Promise<T> {
  const source = await sourceNamed(lake, name);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}
