import type { DatasetManifest } from "../../domain/dataset.ts";
import { fault } from "../../fault.ts";
import type { Connection } from "../connection.ts";
import type { Limits } from "../open-pins.ts";
import { quoteLiteral } from "../quote.ts";
import type { Inspection, Source, TableNow, TableVersion } from "../source.ts";
import { clientConfigs } from "./client.ts";
import { crawlTables, describeTable } from "./crawl.ts";
import { openPostgresReader, type PostgresReader, type PostgresReaderOptions } from "./reader.ts";
import type { WarehouseTable } from "./relations.ts";
import { tableVersion } from "./version.ts";

/** Privileges that let a role change something: tables of the schemas it reads, schemas, or the server. */
const CAN_WRITE = `
  SELECT rolsuper OR rolcreatedb OR rolcreaterole OR has_database_privilege(current_database(), 'CREATE')
    OR EXISTS (SELECT 1 FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'CREATE'))
    OR EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS writes
  FROM pg_roles WHERE rolname = current_user`;

/** A PostgreSQL database as a source. Everything is read in read-only transactions, whatever the role may do. */
export function openPostgresSource(
  connection: Connection,
  password: string | undefined,
  scratch: () => string,
): Source {
  const { statementSeconds, scanGb } = connection;
  const ways = clientConfigs(connection, password);

  async function reader(
    relations: PostgresReaderOptions["relations"],
    { timeLimitMs = 50_000, memoryMb, threads }: Limits = {},
  ): Promise<PostgresReader> {
    const options = {
      ...{ relations, scratch, memoryMb, threads, scanGb },
      timeLimitMs: Math.min(timeLimitMs, statementSeconds * 1000),
    };
    try {
      return await openPostgresReader({ client: ways[0]!, ...options });
    } catch (error) {
      if (ways.length === 1 || !refusesTls(error)) throw error;
      // `prefer`: a server without TLS is met without it, from now on.
      ways.shift();
      return openPostgresReader({ client: ways[0]!, ...options });
    }
  }

  /** One transaction for as long as work takes; a crawl may take longer than a tool's query. */
  async function inside<T>(work: (reader: PostgresReader) => Promise<T>): Promise<T> {
    const open = await reader({}, { timeLimitMs: statementSeconds * 1000 });
    try {
      return await work(open);
    } finally {
      open.close();
    }
  }

  return {
    name: connection.name,
    inspect: () =>
      inside(async ({ catalog }): Promise<Inspection> => {
        const [about] = await catalog<{ engine: string; role: string }>(
          "SELECT split_part(version(), ' ', 1) || ' ' || split_part(version(), ' ', 2) AS engine, current_user AS role",
          [],
        );
        const [writes] = await catalog<{ writes: boolean }>(CAN_WRITE, []);
        return { engine: about!.engine, role: about!.role, canWrite: writes!.writes };
      }),
    crawl: (cursor, limit) =>
      inside(({ catalog }) => crawlTables(catalog, { schemas: connection.schemas, cursor, limit })),
    version: (schema, table) => inside((open) => versionIn(open, schema, table)),
    async open(pinned, limits) {
      const relations = Object.fromEntries(Object.entries(pinned).map(([as, manifest]) => [as, relationOf(manifest)]));
      const open = await reader(relations, limits);
      try {
        for (const manifest of Object.values(pinned)) await verify(open, manifest);
        return open;
      } catch (error) {
        open.close();
        throw error;
      }
    },
    async openNow(named, limits) {
      const relations: Record<string, WarehouseTable> = {};
      const tables: Record<string, TableNow> = {};
      const open = await reader(relations, limits);
      try {
        for (const [as, { schema, table }] of Object.entries(named)) {
          const described = await describeTable(open.catalog, schema, table);
          if (!described) continue;
          relations[as] = described;
          const columns = described.columns.map(({ name, type }) => ({ name, type }));
          tables[as] = { columns, hidden: described.hidden };
        }
        return { reader: open, tables };
      } catch (error) {
        open.close();
        throw error;
      }
    },
    close: async () => {},
  };
}

const refusesTls = (error: unknown) =>
  error instanceof Error && error.cause instanceof Error && /does not support SSL/.test(error.cause.message);

function relationOf({ name, place, columns }: DatasetManifest): WarehouseTable {
  if (!place) throw fault("internal", `${name} doesn't stand in a warehouse`);
  const { schema, table, types } = place;
  return { schema, table, columns: columns.map((column) => ({ ...column, sourceType: types[column.name]! })) };
}

async function versionIn({ catalog, query }: PostgresReader, schema: string, table: string): Promise<TableVersion> {
  const described = await describeTable(catalog, schema, table);
  if (!described)
    throw fault("not_found", `the warehouse has no table ${quoteLiteral(`${schema}.${table}`)}; crawl it again`);
  return tableVersion((sql) => query(sql), described);
}

/** The checksum anew, in the transaction of what will be read. */
async function verify(open: PostgresReader, manifest: DatasetManifest): Promise<void> {
  const { name, version, place } = manifest;
  const changed = () =>
    fault("conflict", `${name} changed in its warehouse since it was checked; ask again`, { dataset: name });
  const now = await versionIn(open, place!.schema, place!.table).catch((error: unknown) => {
    throw error instanceof Error && "code" in error && error.code === "not_found" ? changed() : error;
  });
  if (now.version !== version) throw changed();
}
