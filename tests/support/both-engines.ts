import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { startServers, type TestServers } from "@muster/infra/testing.ts";
import { openPool } from "@muster/shared/database/open.ts";
import { createTable, type TestTable } from "@muster/shared/features/testing.ts";
import { openEngine, quoteIdent, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import { openPostgresReader } from "@muster/shared/warehouse/postgres/reader.ts";
import { storageTypeOf, type WarehouseTable } from "@muster/shared/warehouse/postgres/relations.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";

/** The engines that every test over both runs on: `describe.each(engineNames)`. */
export const engineNames = ["duckdb", "postgres"] as const;
export type EngineName = (typeof engineNames)[number];

type Admin = ReturnType<typeof openPool>;

/** The same tables in each engine. */
export type BothEngines = Record<EngineName, Reader> & {
  /** Connections to the PostgreSQL as its administrator, outside of the reader's transaction. */
  admin: Admin;
  databaseUrl: string;
  close(): Promise<void>;
};

const SQL_TYPE = {
  boolean: "bool",
  integer: "int8",
  number: "float8",
  text: "text",
  date: "date",
  timestamp: "timestamp",
};

/**
 * Gives the same tables in DuckDB and in a private PostgreSQL, each readable by its name: call it in `beforeAll`, `close` in
 * `afterAll`. Cost: about two seconds for the server, once a file.
 */
export async function bothEngines(tables: Readonly<Record<string, TestTable>>): Promise<BothEngines> {
  const servers: TestServers = await startServers({ postgres: true });
  const admin = openPool({ url: servers.databaseUrl, schema: "public" });
  const duckdb = await openEngine({ files: [], memoryMb: 1024, threads: 2 });
  const relations: Record<string, WarehouseTable> = {};
  for (const [name, table] of Object.entries(tables)) {
    await createTable(duckdb, name, table);
    relations[name] = await createPostgresTable(admin, name, table);
  }
  const client = { connectionString: servers.databaseUrl };
  const postgres = await openPostgresReader({
    client,
    relations,
    timeLimitMs: 50_000,
    scratch: () => join(servers.home, `${randomUUID()}.csv`),
  });
  return {
    duckdb,
    postgres,
    admin,
    databaseUrl: servers.databaseUrl,
    async close() {
      duckdb.close();
      postgres.close();
      await admin.end();
      await servers.stop();
    },
  };
}

/** Creates a table with rows in schema `public`; says how it reads in storage types. */
export async function createPostgresTable(admin: Admin, name: string, table: TestTable): Promise<WarehouseTable> {
  const columns = table.columns.map((c) => ({ ...c, sourceType: SQL_TYPE[c.type] }));
  const types = columns.map((c) => `${quoteIdent(c.name)} ${c.sourceType}`).join(", ");
  await admin.query(`CREATE TABLE public.${quoteIdent(name)} (${types})`);
  const literal = (value: string | number | boolean | null) =>
    value === null ? "NULL" : quoteLiteral(Object.is(value, -0) ? "-0" : String(value));
  for (let i = 0; i < table.rows.length; i += 2000) {
    const rows = table.rows.slice(i, i + 2000).map((row) => `(${row.map(literal).join(", ")})`);
    await admin.query(`INSERT INTO public.${quoteIdent(name)} VALUES ${rows.join(", ")}`);
  }
  for (const c of columns) if (storageTypeOf(c.sourceType) !== c.type) throw new Error(`no column type for ${c.type}`);
  return { schema: "public", table: name, columns };
}
