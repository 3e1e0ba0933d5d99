import { join } from "node:path";
import type { Config } from "@muster/shared/config.ts";
import { migrate, type ProcessRole, roleOf } from "@muster/shared/database/migrate.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Keys } from "./keys.ts";
import { natsUsers } from "./nats-users.ts";
import type { ProcessSpec } from "./processes.ts";
import { startNats } from "./servers/nats.ts";
import { startPostgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";
import type { Server, ServerContext } from "./servers/server.ts";

/** What the processes stand on: URLs, and the servers that are ours. */
export type DataServers = {
  natsUrl: string;
  redisUrl: string;
  databaseUrlFor: (process: string) => string;
  servers: Server[];
};

/**
 * Starts NATS, Redis and PostgreSQL, those of them that no setting names, and brings the database to its current shape.
 * When one doesn't come up, the others are stopped.
 */
export async function startDataServers(
  context: ServerContext,
  { home, config, processes, keys }: { home: string; config: Config; processes: readonly ProcessSpec[]; keys: Keys },
): Promise<DataServers> {
  const started = await Promise.allSettled([
    config.natsUrl ? null : startNats(context, join(home, "nats"), natsUsers(processes, keys)),
    config.redisUrl ? null : startRedis(context, join(home, "redis"), keys.redisPassword),
    config.databaseAdminUrl ? null : startPostgres(context, home, keys.databaseAdminPassword),
  ]);
  const servers = started.flatMap((each) => (each.status === "fulfilled" && each.value ? [each.value] : []));
  try {
    const [nats, redis, postgres] = started.map((each) => {
      if (each.status === "rejected") throw each.reason;
      return each.value;
    }) as [{ url: string } | null, { url: string } | null, { adminUrl: string } | null];
    const adminUrl = config.databaseAdminUrl ?? postgres?.adminUrl;
    const natsUrl = config.natsUrl ?? nats?.url;
    const redisUrl = config.redisUrl ?? redis?.url;
    if (!adminUrl || !natsUrl || !redisUrl) throw fault("internal", "a server was neither named nor started");
    await migrate(adminUrl, databaseRoles(processes, keys));
    return { natsUrl, redisUrl, servers, databaseUrlFor: (name) => asRole(adminUrl, name, keys) };
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}

/** The login role of every process, with its password. */
export const databaseRoles = (processes: readonly ProcessSpec[], keys: Keys): ProcessRole[] =>
  processes.map(({ name }) => ({ process: name, role: roleOf(name), password: keys.databasePassword(name) }));

/** The database's URL as the role of a process. */
export function asRole(adminUrl: string, name: string, keys: Keys): string {
  const url = new URL(adminUrl);
  url.username = roleOf(name);
  url.password = keys.databasePassword(name);
  return url.href;
}
