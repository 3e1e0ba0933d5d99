import { canonical, sha256 } from "../../canonical.ts";
import { fault } from "../../fault.ts";
import { findMoments } from "../moments.ts";
import { quoteIdent } from "../quote.ts";
import type { Row } from "../reader.ts";
import type { SourceColumn, SourceTable, TableVersion } from "../source.ts";

type Query = (sql: string) => Promise<Row[]>;

const isTime = ({ type }: SourceColumn) => type === "date" || type === "timestamp";
/** Half of a row's hash as an int64; the sum of many is a decimal, so nothing overflows. */
const half = (from: number) => `sum(('x' || substr(h, ${from}, 16))::bit(64)::bigint)`;

/**
 * The query of a table's checksum. A row's text is PostgreSQL's own of the record of its readable columns under the reader's
 * fixed settings (unambiguous: values are quoted, missing ones empty); the two 64-bit halves of its MD5 are added up over all
 * rows, so that neither order nor how the rows are stored shows, and a row that is there twice counts twice.
 */
export function checksumSql({ schema, table, columns }: Pick<SourceTable, "schema" | "table" | "columns">): string {
  const row = `ROW(${columns.map(({ name }) => quoteIdent(name)).join(", ")})`;
  const times = columns.filter(isTime).map(({ name }, i) => `, ${quoteIdent(name)} IS NOT NULL AS t${i}`);
  const present = times.map((_, i) => `, count(*) FILTER (WHERE t${i}) AS p${i}`);
  return `SELECT count(*) AS rows, ${half(1)}::text AS a, ${half(17)}::text AS b${present.join("")}
    FROM (SELECT md5(CAST(${row} AS text)) AS h${times.join("")} FROM ${quoteIdent(schema)}.${quoteIdent(table)}) AS "hashed"`;
}

/** The version of a table as it is in the query's transaction: SHA-256 over its schema, its times and its checksum. */
export async function tableVersion(query: Query, described: SourceTable): Promise<TableVersion> {
  const { schema, table, columns, bytes } = described;
  if (columns.length === 0)
    throw fault("unfit", "the warehouse's role may read no column of the table; grant it SELECT", { schema, table });
  const [found] = await query(checksumSql(described));
  const { a, b } = found!;
  const rows = Number(found!.rows);
  const counts = columns.filter(isTime).map(({ name }, i) => [name, Number(found![`p${i}`])] as const);
  const present = new Map(counts.map(([name, n]) => [name, rows > 0 ? n / rows : 0]));
  const moments = findMoments(
    columns.map((column) => ({ ...column, present: present.get(column.name) ?? 0 })),
    {},
  );
  const shape = columns.map(({ name, type, sourceType }) => ({ name, type, sourceType }));
  const content = canonical({ schema, table, columns: shape, ...moments, rows, a: a ?? "0", b: b ?? "0" });
  const version = sha256(`muster-warehouse-1\n${content}`);
  return { version, rows, bytes: bytes ?? 0, columns, ...moments };
}
