import type { Dialect } from "./dialect.ts";
import type { Plain } from "./plain.ts";

/** A row of a result by column name. */
export type Row = Record<string, Plain>;

/**
 * What reads dataset versions where they stand: DuckDB over the lake's files, or a warehouse. Each version is a relation of
 * its dataset's name with its columns in storage types. Write SQL that every engine understands, and take from `dialect`
 * what they say differently.
 */
export type Reader = {
  dialect: Dialect;
  /** Rows of a result as plain data. `?` placeholders are filled from `params`. */
  query<T extends Row = Row>(sql: string, params?: readonly Plain[]): Promise<T[]>;
  /**
   * Holds the rows of a query as a table of this name while work reads it with what it is given: in the engine itself, or,
   * where that only reads, in this process's memory. For what is looked at again and again: a sample, a matrix.
   */
  withHeld<T>(name: string, sql: string, work: (held: Reader) => Promise<T>): Promise<T>;
  /** Where the rows stand elsewhere: streams a query's rows, in their order, into a new file, and gives DuckDB's expression that reads it. */
  copyOut?(sql: string, file: string): Promise<{ from: string }>;
  /** Where the rows stand elsewhere: what the engine itself expects a query to read and to give, without running it. */
  estimate?(sql: string): Promise<{ bytes: number; rows: number }>;
  /** Stops every running query; each ends `cancelled`. */
  interrupt(): void;
  /** Frees everything. Running queries are stopped first. */
  close(): void;
};
