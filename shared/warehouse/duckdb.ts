import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { Fault, fault } from "../fault.ts";
import { diskFull } from "./atomic.ts";
import { duckdb } from "./dialects/duckdb.ts";
import { type Plain, plain } from "./plain.ts";
import { quoteIdent, quoteList, quoteLiteral } from "./quote.ts";
import type { Reader, Row } from "./reader.ts";

export { quoteIdent, quoteLiteral } from "./quote.ts";
export type { Row } from "./reader.ts";

/** Raw values of one column in a chunk. Where the row is null the value is undefined: select `(c IS NOT NULL)::UTINYINT` too. */
export type RawColumn =
  | Uint8Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Up to 2,048 rows in row order, one typed array per selected column. Copy what must outlive the next step of the loop. */
export type Chunk = {
  rows: number;
  columns: RawColumn[];
  /** Owns the memory under `columns`: the arrays are valid as long as the chunk is held. */
  owner: object;
};

/** What an engine may open and use. `files` is the whole list of paths that any query can reach, to read or to write. */
export type EngineOptions = {
  files: readonly string[];
  /** Memory limit in megabytes. Nothing spills to disk: a query that needs more ends `unfit`. */
  memoryMb: number;
  threads: number;
  /** Each query is interrupted after so many milliseconds and ends `deadline`. Default 50,000: a tool ends within 55 s. */
  timeLimitMs?: number;
};

/** A private in-memory DuckDB over a fixed list of files. Queries may run at the same time, each on its own connection. */
export type Engine = Reader & {
  /** Runs statements whose result doesn't matter. */
  run(sql: string): Promise<void>;
  /** Numeric columns in row order as typed arrays, chunk by chunk: cast to UTINYINT, INTEGER, UINTEGER, FLOAT, DOUBLE, BIGINT. */
  chunks(sql: string): AsyncGenerator<Chunk, void, undefined>;
  /** Makes a view over one Parquet file of the list. */
  view(name: string, file: string): Promise<void>;
};

const DEFAULT_TIME_LIMIT_MS = 50_000;

/** The driver's text may hold cells, so it stays in `cause`. */
function asQueryFault(error: unknown, stopped: "deadline" | "cancelled" | null, options: EngineOptions): Fault {
  if (error instanceof Fault) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (stopped === "cancelled") return fault("cancelled", "the query was stopped", {}, error);
  if (stopped === "deadline") {
    const seconds = (options.timeLimitMs ?? DEFAULT_TIME_LIMIT_MS) / 1000;
    return fault("deadline", `the query took longer than ${seconds} s; ask about fewer rows or columns`, {}, error);
  }
  if (/^(Out of Memory|OutOfMemory)/i.test(text)) {
    const message = `the query needs more than its ${options.memoryMb} MB of memory; raise the limit or use fewer columns`;
    return fault("unfit", message, { memoryMb: options.memoryMb }, error);
  }
  if (/No space left on device/i.test(text)) return diskFull(error);
  return fault("internal", "a query on the warehouse failed; the log of the process has the cause", {}, error);
}

function typedItems(vector: object): RawColumn {
  const items = "items" in vector ? vector.items : undefined;
  if (!ArrayBuffer.isView(items) || items instanceof DataView) {
    throw fault("internal", "chunks reads numeric columns only; cast the column in the query");
  }
  return items as unknown as RawColumn;
}

/**
 * Opens a private in-memory DuckDB that can reach `files` and nothing else: the list is set first, then external access,
 * extension loading and persistent secrets are switched off and the configuration is locked. Time zone UTC.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const strange = options.files.find((file) => /[*?[\]]/.test(file));
  if (strange !== undefined) {
    throw fault("invalid_input", "a data path holds one of * ? [ ]; keep MUSTER_HOME in a folder without them");
  }
  const db = await DuckDBInstance.create(":memory:", { threads: String(options.threads) });
  const setup = await db.connect();
  for (const statement of [
    `SET memory_limit = ${quoteLiteral(`${options.memoryMb}MB`)}`,
    "SET temp_directory = ''",
    "SET TimeZone = 'UTC'",
    `SET allowed_paths = ${quoteList(options.files)}`,
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET allow_persistent_secrets = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
  ]) {
    await setup.run(statement);
  }
  setup.closeSync();

  const active = new Map<DuckDBConnection, { stopped: "deadline" | "cancelled" | null }>();
  let open = true;

  async function lend() {
    if (!open) throw fault("internal", "the engine is closed");
    const connection = await db.connect();
    const state: { stopped: "deadline" | "cancelled" | null } = { stopped: null };
    active.set(connection, state);
    const timer = setTimeout(() => {
      state.stopped = "deadline";
      connection.interrupt();
    }, options.timeLimitMs ?? DEFAULT_TIME_LIMIT_MS);
    return {
      connection,
      /** Gives the connection back; says what the caller is told of `error`. */
      finish(error?: unknown): Fault {
        clearTimeout(timer);
        active.delete(connection);
        connection.closeSync();
        return asQueryFault(error, state.stopped, options);
      },
    };
  }

  async function withConnection<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const { connection, finish } = await lend();
    let value: T;
    try {
      value = await use(connection);
    } catch (error) {
      throw finish(error);
    }
    finish();
    return value;
  }

  const interrupt = () => {
    for (const [connection, state] of active) {
      state.stopped ??= "cancelled";
      connection.interrupt();
    }
  };

  const engine: Engine = {
    dialect: duckdb,
    query: <T extends Row>(sql: string, params: readonly Plain[] = []) =>
      withConnection(async (connection) => {
        const values = params.length > 0 ? (params as DuckDBValue[]) : undefined;
        const reader = await connection.runAndReadAll(sql, values);
        return reader.convertRowObjects<Plain>(plain) as T[];
      }),
    run: (sql) => withConnection(async (connection) => void (await connection.run(sql))),
    async *chunks(sql) {
      const { connection, finish } = await lend();
      let lent = true;
      try {
        const result = await connection.stream(sql);
        for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
          const current = chunk;
          const columns = Array.from({ length: current.columnCount }, (_, i) => typedItems(current.getColumnVector(i)));
          yield { rows: current.rowCount, columns, owner: current };
        }
      } catch (error) {
        lent = false;
        throw finish(error);
      } finally {
        if (lent) finish();
      }
    },
    view: (name, file) =>
      engine.run(`CREATE VIEW ${quoteIdent(name)} AS SELECT * FROM read_parquet(${quoteLiteral(file)})`),
    async withHeld(name, sql, work) {
      await engine.run(`CREATE OR REPLACE TABLE ${quoteIdent(name)} AS ${sql}`);
      try {
        return await work(engine);
      } finally {
        await engine.run(`DROP TABLE IF EXISTS ${quoteIdent(name)}`);
      }
    },
    interrupt,
    close() {
      if (!open) return;
      open = false;
      interrupt();
      db.closeSync();
    },
  };
  return engine;
}
