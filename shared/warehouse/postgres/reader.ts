import { rm } from "node:fs/promises";
import pg from "pg";
import { Fault, fault } from "../../fault.ts";
import { postgres } from "../dialects/postgres.ts";
import { openEngine } from "../duckdb.ts";
import type { Plain } from "../plain.ts";
import { quoteIdent } from "../quote.ts";
import type { Reader, Row } from "../reader.ts";
import { copyOut } from "./copy-out.ts";
import { type WarehouseTable, withRelations } from "./relations.ts";
import { estimateScan, holdToLimit } from "./scan-limit.ts";
import { plainTypes } from "./values.ts";

/** What a reader of a PostgreSQL warehouse stands on. */
export type PostgresReaderOptions = {
  client: pg.ClientConfig;
  /** What each name reads. */
  relations: Readonly<Record<string, WarehouseTable>>;
  /** Each query is stopped by the server after so many milliseconds and ends `deadline`. */
  timeLimitMs: number;
  /** Gigabytes that a query may read by the server's estimate. Absent: any. */
  scanGb?: number;
  /** A fresh path for rows on their way into this process. */
  scratch: () => string;
  /** Of what holds rows in this process. */
  memoryMb?: number;
  threads?: number;
};

/** A PostgreSQL reader: one connection, one read-only repeatable-read transaction; queries run one after the other. */
export type PostgresReader = Reader & {
  /** The server's own SQL in the same transaction, `$1` for each parameter: what its catalog says. */
  catalog<T extends pg.QueryResultRow>(sql: string, params: unknown[]): Promise<T[]>;
};

/** Settings that results and checksums depend on, and what keeps a session from writing whatever its role may do. */
const session = (timeLimitMs: number): string[] => [
  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
  "SET LOCAL search_path = pg_catalog",
  "SET LOCAL DateStyle = 'ISO, YMD'",
  "SET LOCAL IntervalStyle = 'iso_8601'",
  "SET LOCAL TimeZone = 'UTC'",
  "SET LOCAL extra_float_digits = 1",
  "SET LOCAL bytea_output = 'hex'",
  "SET LOCAL xmlbinary = 'base64'",
  "SET LOCAL lc_monetary = 'C'",
  "SET LOCAL standard_conforming_strings = on",
  `SET LOCAL statement_timeout = ${Math.trunc(timeLimitMs)}`,
  `SET LOCAL idle_in_transaction_session_timeout = 0`,
  "SET LOCAL lock_timeout = 15000",
  // Of what our queries build on the way it knows no numbers, takes it for a few rows, and would loop over millions.
  "SET LOCAL enable_nestloop = off",
];

/** Turns `?` outside of quotes into `$1`, `$2` … */
export function numbered(sql: string): string {
  let n = 0;
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/g, (part) => (part === "?" ? `$${++n}` : part));
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** The driver's text may hold cells or a password, so it stays in `cause`. */
export function asWarehouseFault(error: unknown, interrupted: boolean, timeLimitMs: number): Fault {
  const code = codeOf(error);
  if (error instanceof Fault) return error;
  if (interrupted) return fault("cancelled", "the query was stopped", {}, error);
  if (code === "57014") {
    const message = `the warehouse stopped the query after ${timeLimitMs / 1000} s; ask about fewer rows or columns`;
    return fault("deadline", message, { timeLimitMs }, error);
  }
  if (code === "42501") {
    return fault("unfit", "the warehouse's role may not read a table; grant it SELECT and crawl again", {}, error);
  }
  if (/^(42P01|42703)$/.test(code)) {
    return fault("conflict", "a table of the warehouse changed since it was crawled; ask again", {}, error);
  }
  if (/^(53|54)/.test(code)) {
    return fault("unfit", "the warehouse has too little memory, disk or connections for the query", { code }, error);
  }
  if (/^(08|57P|ECONN|ENOTFOUND|ETIMEDOUT|EPIPE|28|3D000)/.test(code) || code === "") {
    return fault(
      "unavailable",
      "the warehouse can't be reached; check that it runs and lets its role in",
      { code },
      error,
    );
  }
  return fault("internal", "a query on the warehouse failed; the log of the process has the cause", { code }, error);
}

/** Opens a read-only transaction over relations of a warehouse. `unavailable` where it can't be reached. Close it. */
export async function openPostgresReader(options: PostgresReaderOptions): Promise<PostgresReader> {
  const { relations, timeLimitMs } = options;
  const client = new pg.Client({ ...options.client, connectionTimeoutMillis: 10_000, types: plainTypes });
  // Without a listener a lost connection would end the process; the query that runs hears of it anyway.
  client.on("error", () => {});
  let running = { stopped: false };
  let backend = 0;
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    backend = rows[0]!.pid;
    for (const statement of session(timeLimitMs)) await client.query(statement);
  } catch (error) {
    await client.end().catch(() => {});
    throw asWarehouseFault(error, false, timeLimitMs);
  }

  /** A failed statement would end the transaction for those after it. */
  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    await client.query("SAVEPOINT before");
    try {
      return await work();
    } catch (error) {
      await client.query("ROLLBACK TO SAVEPOINT before");
      throw error;
    } finally {
      await client.query("RELEASE SAVEPOINT before");
    }
  }

  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: they share a transaction. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = last.then(async () => {
      const mine = { stopped: false };
      running = mine;
      try {
        return await guarded(work);
      } catch (error) {
        throw asWarehouseFault(error, mine.stopped, timeLimitMs);
      }
    });
    last = run.catch(() => {});
    return run;
  }

  async function allowed(sql: string, params: readonly Plain[] = []): Promise<string> {
    if (options.scanGb !== undefined) await holdToLimit(client, sql, params, options.scanGb);
    return sql;
  }
  const reader: PostgresReader = {
    dialect: postgres,
    catalog: (sql, params) => inTurn(async () => (await client.query(sql, params)).rows),
    query: <T extends Row = Row>(sql: string, params: readonly Plain[] = []) =>
      inTurn(async () => {
        const text = numbered(withRelations(sql, relations));
        return (await client.query<T>(await allowed(text, params), [...params])).rows;
      }),
    copyOut: (sql, file) => inTurn(async () => copyOut(client, await allowed(withRelations(sql, relations)), file)),
    estimate: (sql) => inTurn(() => estimateScan(client, withRelations(sql, relations))),
    async withHeld(name, sql, work) {
      const file = options.scratch();
      const { memoryMb = 1024, threads = 2 } = options;
      const held = await openEngine({ files: [file], memoryMb, threads, timeLimitMs });
      try {
        const { from } = await reader.copyOut!(sql, file);
        await held.run(`CREATE TABLE ${quoteIdent(name)} AS SELECT * FROM ${from}`);
        await rm(file, { force: true });
        return await work(held);
      } finally {
        held.close();
        await rm(file, { force: true });
      }
    },
    interrupt() {
      running.stopped = true;
      void cancelBackend(options.client, backend);
    },
    close() {
      running.stopped = true;
      void cancelBackend(options.client, backend).finally(() => client.end().catch(() => {}));
    },
  };
  return reader;
}

/** Asks the server, over a connection of its own, to stop what a backend runs. */
async function cancelBackend(config: pg.ClientConfig, backend: number): Promise<void> {
  const other = new pg.Client({ ...config, connectionTimeoutMillis: 5_000 });
  other.on("error", () => {});
  try {
    await other.connect();
    await other.query("SELECT pg_cancel_backend($1)", [backend]);
  } catch {
    // Whoever stops a query doesn't wait for it: its own time limit ends it.
  } finally {
    await other.end().catch(() => {});
  }
}
