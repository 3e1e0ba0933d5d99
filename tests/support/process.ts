import { readFileSync } from "node:fs";
import { connectBus } from "@muster/bus/connect.ts";
import { evidence } from "@muster/bus/evidence.ts";
import { identity } from "@muster/bus/identity.ts";
import type { Process } from "@muster/bus/process.ts";
import { evidenceStore } from "@muster/bus/store.ts";
import { findProcesses, type ProcessSpec } from "@muster/infra/processes.ts";
import { startServers, type TestServers } from "@muster/infra/testing.ts";
import { readConfig } from "@muster/shared/config.ts";
import { migrate, roleOf, schemaOf } from "@muster/shared/database/migrate.ts";
import { openPool } from "@muster/shared/database/open.ts";
import { openLake } from "@muster/shared/warehouse/lake.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Servers with an up-to-date database, and processes of the swarm opened inside the test's own. */
export type Bench = TestServers & {
  process: (name: string, options?: { now?: () => Date; log?: Process["log"] }) => Promise<Process>;
};

/** Starts NATS, Redis and PostgreSQL for a test and migrates the database; `stop` closes all that was opened. */
export async function startBench(
  processes: readonly ProcessSpec[] = findProcesses(),
  { durable = false } = {},
): Promise<Bench> {
  const servers = await startServers({ nats: true, redis: true, postgres: true, processes, durable });
  const names = processes.map((process) => process.name);
  const roles = names.map((process) => ({
    process,
    role: roleOf(process),
    password: servers.keys.databasePassword(process),
  }));
  await migrate(servers.databaseUrl, roles);
  const opened: Process[] = [];
  return {
    ...servers,
    process: async (name, { now = () => new Date(), log = quiet } = {}) => {
      const seed = readFileSync(servers.keys.seedFile(name), "utf8").trim();
      const self = identity(name, seed, servers.keys.ring);
      const pool = openPool({
        url: servers.databaseUrlFor(roleOf(name), servers.keys.databasePassword(name)),
        schema: schemaOf(name),
      });
      const nats = await connectBus({ url: servers.natsUrl, name, seed });
      const process: Process = {
        name,
        config: readConfig({
          MUSTER_HOME: servers.home,
          MUSTER_PROCESS: name,
          NATS_URL: servers.natsUrl,
          REDIS_URL: servers.redisUrl,
        }),
        identity: self,
        nats,
        pool,
        evidence: evidence({ identity: self, store: evidenceStore(pool), now }),
        lake: await openLake(servers.home),
        log,
        now,
        close: async () => {
          await nats.drain();
          await pool.end();
        },
      };
      opened.push(process);
      return process;
    },
    stop: async () => {
      await Promise.all(opened.map((process) => (process.nats.isClosed() ? undefined : process.close())));
      await servers.stop();
    },
  };
}
