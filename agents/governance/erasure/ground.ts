import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { type Marks, mostValues, plainSql } from "./marked-rows.ts";

/** How many of a table's rows the columns of a person's marks tell, and how many of its texts mention them. */
export type Told = { rows: number; texts: number; tests: Map<string, number>; mentions: Map<string, number> };

/** What a search looks at: one version of the lake, or a table of a warehouse as it is now. */
export type Ground = {
  columns: readonly Column[];
  /** Counts the person's rows by the columns that tell them, and the texts that mention them. */
  told(marks: Marks): Promise<Told>;
  /**
   * The keys that a column holds in the person's rows; none where it doesn't name its row. `written`: the swarm wrote by it
   * what is looked for, and the column itself must be the person's.
   */
  keys(column: Column, marks: Marks, written: boolean): Promise<string[]>;
};

/** The query that says whether a column names its row: it is there, and no value twice. */
export const namesItsRowSql = ({ name }: Column, from: string): string =>
  `SELECT count(${quoteIdent(name)}) > 0 AND count(${quoteIdent(name)}) = count(DISTINCT ${quoteIdent(name)}) AS own FROM ${from}`;

/**
 * The condition on the rows whose keys lead on, undefined where none do: other people's keys beside a person's row (who sold
 * it to them) lead to other people.
 */
export const leadingRows = (own: boolean, written: boolean, any: string, test: string | undefined) =>
  own ? any : written ? test : undefined;

/** The query of a column's values in some rows. */
export const keysSql = (column: Column, dialect: Dialect, from: string, rows: string): string =>
  `SELECT DISTINCT ${plainSql(column, dialect)} AS "key" FROM ${from} WHERE ${rows} AND ${quoteIdent(column.name)} IS NOT NULL LIMIT ${mostValues + 1}`;

/** A count of the rows that pass a test, as a double. */
export const countSql = (test: string, as: string): string =>
  `CAST(count(*) FILTER (WHERE ${test}) AS DOUBLE PRECISION) AS ${quoteIdent(as)}`;
