import type { Config } from "@muster/shared/config.ts";
import { roleOf, schemaOf } from "@muster/shared/database/migrate.ts";
import { openKeys } from "./keys.ts";
import { natsUsers } from "./nats-users.ts";
import { findProcesses, supervisorName } from "./processes.ts";

/**
 * What servers of your own must grant, as a document and in words: users and subjects for NATS, rights for PostgreSQL,
 * settings for Redis. Makes this home's keys where they are missing: their public halves are what NATS is told.
 */
export function printSetup({ home }: Config): { document: object; words: string } {
  const processes = findProcesses();
  const keys = openKeys(home, [...processes.map((process) => process.name), supervisorName]);
  const nats = natsUsers(processes, keys);
  const postgres = {
    administrator: [
      "CREATEROLE",
      "CREATE on the database of DATABASE_URL",
      "set autovacuum on, data checksums on, synchronous_commit on",
    ],
    roles: processes.map(({ name }) => ({ role: roleOf(name), schema: schemaOf(name) })),
  };
  const redis = { "maxmemory-policy": "noeviction", appendonly: "yes" };
  const words = [
    "NATS (NATS_URL): one user a process, by nkey",
    ...nats.map(
      (user) =>
        `  ${user.name}: ${user.publicKey}\n    publish ${user.publish.join(" ")}\n    subscribe ${user.subscribe.join(" ")}\n    allow_responses max 2, 60 s`,
    ),
    "",
    "PostgreSQL (DATABASE_URL): a user with",
    ...postgres.administrator.map((one) => `  ${one}`),
    "",
    "Redis (REDIS_URL)",
    ...Object.entries(redis).map(([key, value]) => `  ${key} ${value}`),
  ].join("\n");
  return { document: { nats, postgres, redis }, words };
}
