import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServers } from "@muster/infra/testing.ts";
import { openPool } from "@muster/shared/database/open.ts";
import type { Connection } from "@muster/shared/warehouse/connection.ts";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";

/** A private PostgreSQL as a warehouse: its administrator, a role that only reads, and how to connect as it. */
export type TestWarehouse = {
  admin: ReturnType<typeof openPool>;
  /** The URL of the reading role, its password in it. */
  url: string;
  adminUrl: string;
  connection: Connection;
  password: string;
  /** A lake of a home of its own. */
  lake: Lake;
  home: string;
  stop(): Promise<void>;
};

/**
 * Starts a PostgreSQL with a role `analyst` that may read schema `shop` (what `setUp` makes there) and nothing else, and an
 * empty home. Call it in `beforeAll`, `stop` in `afterAll`.
 */
export async function startWarehouse(setUp: string): Promise<TestWarehouse> {
  const servers = await startServers({ postgres: true });
  const admin = openPool({ url: servers.databaseUrl, schema: "public" });
  const password = `pw-${randomUUID()}`;
  await admin.query("CREATE SCHEMA shop");
  await admin.query(setUp);
  await admin.query(`CREATE ROLE analyst LOGIN PASSWORD '${password}'`);
  await admin.query("GRANT USAGE ON SCHEMA shop TO analyst; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO analyst");
  const home = await mkdtemp(join(tmpdir(), "muster-warehouse-"));
  const at = new URL(servers.databaseUrlFor("analyst", password));
  const connection: Connection = {
    ...{ name: "shop", kind: "postgres", host: at.hostname, port: Number(at.port), database: at.pathname.slice(1) },
    ...{ user: "analyst", password: { in: "file", name: "shop" }, ssl: "prefer", schemas: ["shop"] },
    ...{ statementSeconds: 60, scanGb: 1 },
  };
  return {
    admin,
    url: at.href,
    adminUrl: servers.databaseUrl,
    connection,
    password,
    lake: await openLake(home),
    home,
    async stop() {
      await admin.end();
      await servers.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
