import type { Column } from "@muster/shared/domain/dataset.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { type CodedTable, codedColumn } from "./coded.ts";

/** Cells that are read at most; of a larger table some rows, chosen by the hash of their values. */
const MOST_CELLS = 400_000;

/**
 * Reads a relation by codes: all of its rows, or about as many as make up `mostCells` cells (whole copies of a row
 * together). Cells stay in this process. `of`: the rows there are.
 */
export async function readCoded(
  reader: Reader,
  relation: string,
  columns: readonly Column[],
  mostCells = MOST_CELLS,
): Promise<CodedTable & { of: number }> {
  const from = quoteIdent(relation);
  const [counted] = await reader.query(`SELECT count(*) AS n FROM ${from}`);
  const of = Number(counted!.n);
  const every = Math.ceil((of * columns.length) / mostCells);
  const hash = reader.dialect.rowHash(columns.map((c) => quoteIdent(c.name)));
  const where = every > 1 ? ` WHERE ${hash} % ${every} = 0` : "";
  const select = columns.map((c, i) => `${reader.dialect.text(quoteIdent(c.name), c.type)} AS c${i}`);
  const rows = columns.length === 0 ? [] : await reader.query(`SELECT ${select.join(", ")} FROM ${from}${where}`);
  const cell = (value: unknown) => (value === null || value === undefined ? null : String(value));
  return {
    rows: rows.length,
    of,
    columns: columns.map((c, i) =>
      codedColumn(
        c.name,
        c.type,
        rows.map((row) => cell(row[`c${i}`])),
      ),
    ),
  };
}
