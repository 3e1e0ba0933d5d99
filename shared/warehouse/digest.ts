import { createHash } from "node:crypto";
import { canonical } from "../canonical.ts";
import type { Column, ColumnType } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import type { Engine } from "./duckdb.ts";
import { quoteIdent, quoteLiteral } from "./quote.ts";

/** What the version of a dataset is computed over besides its values. */
export type DatasetSchema = { columns: readonly Column[]; time: string | null; arrived: string | null };

const GROUP_ROWS = 65_536;
/** Row groups whose values are held at once: bounds memory on long tables. */
const GROUPS_A_PASS = 32;
/** Columns read at once: bounds memory on wide tables. */
const COLUMNS_A_PASS = 64;

const fixedWidth: Record<Exclude<ColumnType, "text">, { sql: (column: string) => string; bytes: number }> = {
  boolean: { sql: (c) => `coalesce(${c}, false)::UTINYINT`, bytes: 1 },
  integer: { sql: (c) => `coalesce(${c}, 0)::BIGINT`, bytes: 8 },
  // One zero: CSV and Parquet writers don't agree on the sign of zero.
  number: { sql: (c) => `(coalesce(${c}, 0) + 0.0)::DOUBLE`, bytes: 8 },
  date: { sql: (c) => `coalesce(${c} - DATE '1970-01-01', 0)::INTEGER`, bytes: 4 },
  timestamp: { sql: (c) => `coalesce(epoch_us(${c}), 0)::BIGINT`, bytes: 8 },
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** For each group of the pass: the group's texts of every text column, end to end. */
async function textsOf(engine: Engine, from: string, texts: readonly Column[], first: number): Promise<string[][]> {
  if (texts.length === 0) return [];
  const joined = texts.map((c, i) => `string_agg(${quoteIdent(c.name)}, '' ORDER BY file_row_number) AS t${i}`);
  const rows = await engine.query(
    `SELECT file_row_number // ${GROUP_ROWS} AS g, ${joined.join(", ")} FROM ${from}
     WHERE file_row_number >= ${first} AND file_row_number < ${first + GROUP_ROWS * GROUPS_A_PASS}
     GROUP BY g ORDER BY g`,
  );
  return rows.map((row) => texts.map((_, i) => String(row[`t${i}`] ?? "")));
}

/** The digests of some columns, and how many rows they have. */
async function columnDigests(engine: Engine, from: string, columns: readonly Column[]) {
  const texts = columns.filter((c) => c.type === "text");
  const select = columns.flatMap(({ name, type }) => {
    const c = quoteIdent(name);
    const values = type === "text" ? `coalesce(strlen(${c}), 0)::UINTEGER` : fixedWidth[type].sql(c);
    return [`(${c} IS NOT NULL)::UTINYINT`, values];
  });
  const width = columns.flatMap(({ type }) => [1, type === "text" ? 4 : fixedWidth[type].bytes]);
  const buffers = width.map((bytes) => Buffer.alloc(bytes * GROUP_ROWS));
  const hashes = columns.map(() => createHash("sha256"));

  let rows = 0;
  let filled = 0;
  let group = 0;
  let joined: string[][] = [];
  const flush = async () => {
    if (group % GROUPS_A_PASS === 0) joined = await textsOf(engine, from, texts, group * GROUP_ROWS);
    const own = joined[group % GROUPS_A_PASS] ?? [];
    if (own.length !== texts.length) {
      throw fault("internal", "a data file changed while it was read");
    }
    let text = 0;
    columns.forEach(({ type }, i) => {
      hashes[i]!.update(uint32(filled)).update(buffers[2 * i]!.subarray(0, filled));
      hashes[i]!.update(buffers[2 * i + 1]!.subarray(0, filled * width[2 * i + 1]!));
      if (type === "text") hashes[i]!.update(own[text++]!, "utf8");
    });
    rows += filled;
    filled = 0;
    group += 1;
  };

  for await (const chunk of engine.chunks(`SELECT ${select.join(", ")} FROM ${from}`)) {
    let taken = 0;
    while (taken < chunk.rows) {
      const take = Math.min(chunk.rows - taken, GROUP_ROWS - filled);
      chunk.columns.forEach((items, i) => {
        const bytes = width[i]!;
        const part = Buffer.from(items.buffer, items.byteOffset + taken * bytes, take * bytes);
        part.copy(buffers[i]!, filled * bytes);
      });
      filled += take;
      taken += take;
      if (filled === GROUP_ROWS) await flush();
    }
  }
  if (filled > 0) await flush();
  return { rows, digests: hashes.map((hash) => hash.digest()) };
}

/**
 * The version of a dataset: SHA-256 (hex) over its schema and its values in row order, read from a Parquet file whose
 * columns have the storage types of `schema`.
 *
 * The bytes: `muster-dataset-1\n`, the canonical JSON of `{columns, time, arrived}`, `\n`, the number of rows as uint64, then
 * the digest of each column: SHA-256 over its groups of 65,536 rows (the last may be shorter). A group is its row count as
 * uint32, one byte a row (1 = there, 0 = missing) and the values: boolean one byte, integer int64, number float64 (−0 as
 * 0), date int32 days since 1970-01-01, timestamp int64 microseconds since then, each 0 where missing; text as the uint32
 * byte length of each value (0 where missing) and then the UTF-8 bytes of all values end to end. Little endian. So neither
 * the source format, nor how Parquet was written, nor the number of threads matters; row order, names, types and the time
 * columns do.
 *
 * Cost: about 0.3 s for 600,000 × 9; memory for 64 columns of a group, and the texts of 2 million rows.
 */
export async function datasetVersion(
  engine: Engine,
  file: string,
  schema: DatasetSchema,
): Promise<{ version: string; rows: number }> {
  const { columns, time, arrived } = schema;
  const from = `read_parquet(${quoteLiteral(file)}, file_row_number = true)`;
  const digests: Buffer[] = [];
  let rows = 0;
  for (let start = 0; start < columns.length; start += COLUMNS_A_PASS) {
    const some = await columnDigests(engine, from, columns.slice(start, start + COLUMNS_A_PASS));
    rows = some.rows;
    digests.push(...some.digests);
  }
  const count = Buffer.alloc(8);
  count.writeBigUInt64LE(BigInt(rows));
  const hash = createHash("sha256").update("muster-dataset-1\n");
  hash.update(canonical({ columns, time, arrived })).update("\n").update(count);
  for (const digest of digests) hash.update(digest);
  return { version: hash.digest("hex"), rows };
}
