import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type pg from "pg";
import { asDiskFault } from "../atomic.ts";
import { quoteIdent, quoteLiteral } from "../quote.ts";

const TYPES: Record<number, string> = {
  16: "BOOLEAN",
  20: "BIGINT",
  21: "BIGINT",
  23: "BIGINT",
  26: "BIGINT",
  700: "DOUBLE",
  701: "DOUBLE",
  1700: "DOUBLE",
  1082: "DATE",
  1114: "TIMESTAMP",
  1184: "TIMESTAMP WITH TIME ZONE",
};

/** A missing value in the file; the same as a text stands there in quotes. */
const MISSING = "\\N";

/** What the driver's connection offers beside its types: the wire under a query. */
type Wire = { query(text: string): void; stream: { pause(): void; resume(): void } };

/**
 * The driver has no COPY of its own: this is the query object that it hands the server's messages to. Rows go from the socket
 * to the file as they come; neither side is held in memory.
 */
class CopyToFile {
  readonly #sql: string;
  readonly #file: ReturnType<typeof createWriteStream>;
  #paused = false;
  readonly done: Promise<void>;
  #end!: { resolve: () => void; reject: (error: unknown) => void };

  constructor(sql: string, path: string) {
    this.#sql = sql;
    this.#file = createWriteStream(path, { flags: "wx", mode: 0o600 });
    this.done = new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
    });
  }
  submit(connection: Wire): void {
    // A full disk: what still comes is let go by, so that the connection can end what it does.
    this.#file.on("error", (error) => {
      connection.stream.resume();
      this.#end.reject(asDiskFault(error));
    });
    connection.query(this.#sql);
  }
  handleCopyData({ chunk }: { chunk: Buffer }, { stream }: Wire): void {
    // The driver uses the memory under a chunk again before a file may have taken it.
    if (this.#file.destroyed || this.#file.write(Buffer.from(chunk)) || this.#paused) return;
    this.#paused = true;
    stream.pause();
    this.#file.once("drain", () => {
      this.#paused = false;
      stream.resume();
    });
  }
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleError(error: Error, { stream }: Wire): void {
    stream.resume();
    this.#file.destroy();
    this.#end.reject(error);
  }
  handleReadyForQuery({ stream }: Wire): void {
    this.#file.end();
    // A file that ends says nothing of having drained.
    stream.resume();
    finished(this.#file).then(this.#end.resolve, this.#end.reject);
  }
}

/**
 * Streams a query's rows, in their order, into a new CSV file over a connection's transaction, and gives DuckDB's expression
 * that reads them as they were. `sql` is the server's own, with
 * no placeholders. Throws what the driver throws.
 */
export async function copyOut(client: pg.Client, sql: string, file: string): Promise<{ from: string }> {
  const { fields } = await client.query({ text: `SELECT * FROM (${sql}) AS "result" LIMIT 0`, rowMode: "array" });
  const columns = fields.map(({ name, dataTypeID }) => ({ name, type: TYPES[dataTypeID] ?? "VARCHAR" }));
  // Of a column alone an empty text would read as an empty line, which is no row.
  const alone = columns.length === 1;
  const rows = alone ? `SELECT "result".*, 1 FROM (${sql}) AS "result"` : sql;
  const copy = new CopyToFile(`COPY (${rows}) TO STDOUT (FORMAT csv, ENCODING 'UTF8', NULL '${MISSING}')`, file);
  client.query(copy as unknown as pg.Submittable);
  await copy.done;
  const written = alone ? [...columns, { name: " ", type: "BIGINT" }] : columns;
  const types = written.map(({ name, type }) => `${quoteLiteral(name)}: '${type}'`).join(", ");
  const options = `header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, nullstr = '${MISSING}', max_line_size = 4000000, columns = {${types}}`;
  const list = columns.map(({ name }) => quoteIdent(name)).join(", ");
  return { from: `(SELECT ${list} FROM read_csv(${quoteLiteral(file)}, ${options}))` };
}
