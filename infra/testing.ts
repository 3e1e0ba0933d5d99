import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Keys, openKeys } from "./keys.ts";
import { natsUsers } from "./nats-users.ts";
import { findProcesses, type ProcessSpec, supervisorName } from "./processes.ts";
import { startReaper } from "./reaper.ts";
import { startNats } from "./servers/nats.ts";
import { startPostgres } from "./servers/postgres.ts";
import { removePostgresFiles } from "./servers/postgres-files.ts";
import { startRedis } from "./servers/redis.ts";

/** A data folder for a test, and its removal with all that stands elsewhere because of it. */
export function testHome(): { home: string; remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), "muster-test-"));
  return {
    home,
    remove: () => {
      removePostgresFiles(home);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Servers of a test: URLs of those asked for (empty text otherwise), the keys, and their end. */
export type TestServers = {
  home: string;
  natsUrl: string;
  redisUrl: string;
  /** The administrator's URL. */
  databaseUrl: string;
  /** The URL for a role of this database. */
  databaseUrlFor: (role: string, password: string) => string;
  keys: Keys;
  stop: () => Promise<void>;
};

/**
 * Starts private servers for a test: real ones, on free ports, with all data in a temporary folder that `stop` removes.
 * PostgreSQL doesn't wait for the disk unless `durable`. `processes` are those that may connect to NATS, with the
 * allow-lists they have in the swarm; default: the swarm's own.
 */
export async function startServers(
  wanted: {
    nats?: boolean;
    redis?: boolean;
    postgres?: boolean;
    processes?: readonly ProcessSpec[];
    durable?: boolean;
  } = {
    nats: true,
    redis: true,
    postgres: true,
  },
): Promise<TestServers> {
  const { home, remove } = testHome();
  const reaper = startReaper();
  const context = { reaper };
  const processes = wanted.processes ?? findProcesses();
  const keys = openKeys(home, [...processes.map((process) => process.name), supervisorName]);
  const [nats, redis, postgres] = await Promise.all([
    wanted.nats ? startNats(context, join(home, "nats"), natsUsers(processes, keys)) : null,
    wanted.redis ? startRedis(context, join(home, "redis"), keys.redisPassword) : null,
    wanted.postgres
      ? startPostgres(context, home, keys.databaseAdminPassword, { durable: wanted.durable ?? false })
      : null,
  ]);
  return {
    home,
    natsUrl: nats?.url ?? "",
    redisUrl: redis?.url ?? "",
    databaseUrl: postgres?.adminUrl ?? "",
    databaseUrlFor: (role, password) => postgres?.urlFor(role, password) ?? "",
    keys,
    stop: async () => {
      await Promise.all([nats?.stop(), redis?.stop(), postgres?.stop()]);
      reaper.stop();
      remove();
    },
  };
}
