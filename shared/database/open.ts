import { Kysely, PostgresDialect, sql, type Transaction } from "kysely";
import pg from "pg";

/** A database handle of one process: Kysely over a pool of its own role; its schema comes first on the search path. */
export type Database<T> = Kysely<T>;
/** A transaction of it. */
export type Trx<T> = Transaction<T>;

// int8 as number: counts, sequence numbers and epochs of ours stay far below 2^53.
pg.types.setTypeParser(20, Number);
pg.types.setTypeParser(1184, (text) => new Date(text).toISOString());

/** Options of a database handle. `schema` leads the search path; `onError` hears what an idle connection says when the server goes away. */
export type OpenOptions = { url: string; schema: string; connections?: number; onError?: (error: Error) => void };

/** Opens the pool of a process. Connections are made lazily; a server that restarts is met again by the next query. */
export function openPool({ url, schema, connections = 6, onError }: OpenOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    options: `-c search_path=${schema},evidence,public -c statement_timeout=60000 -c lock_timeout=15000`,
    application_name: `muster-${schema}`,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  // Without a listener an idle connection's error would end the process.
  pool.on("error", (error) => onError?.(error));
  return pool;
}

/** Opens the typed handle of a process's own schema. */
export function openDatabase<T>(options: OpenOptions | pg.Pool): Kysely<T> {
  const pool = options instanceof pg.Pool ? options : openPool(options);
  return new Kysely<T>({ dialect: new PostgresDialect({ pool }) });
}

/** One step of an agent's own migrations: a name that never changes and the SQL that makes the step. */
export type Migration = { name: string; sql: string };

/**
 * Brings an agent's own schema up to date: runs, once each and in order, the migrations it hasn't seen.
 * Safe when several of its processes open at once (advisory lock).
 */
export async function migrateOwn<T>(db: Kysely<T>, schema: string, migrations: readonly Migration[]): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext(${`muster:${schema}`}))`.execute(trx);
    // Objects belong to the agent's role, also when its worker is first: both see and change them.
    await sql.raw(`set local role "muster_${schema}"`).execute(trx);
    await sql
      .raw(
        `create table if not exists "${schema}".migration (name text primary key, at timestamptz not null default now())`,
      )
      .execute(trx);
    const seen = await sql<{ name: string }>`select name from ${sql.table(`${schema}.migration`)}`.execute(trx);
    const done = new Set(seen.rows.map((row) => row.name));
    for (const step of migrations) {
      if (done.has(step.name)) continue;
      await sql.raw(step.sql).execute(trx);
      await sql`insert into ${sql.table(`${schema}.migration`)} (name) values (${step.name})`.execute(trx);
    }
  });
}

/** Waits until no other transaction of the same name is under way; ours lasts till its end. */
export const inTurn = async <T>(trx: Trx<T>, name: string): Promise<void> =>
  void (await sql`select pg_advisory_xact_lock(hashtext(${`muster:${name}`}))`.execute(trx));
