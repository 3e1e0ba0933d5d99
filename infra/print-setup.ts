import type { Config } from "@muster/shared/config.ts";
import { openKeys } from "./keys.ts";
import { natsUsers } from "./nats-users.ts";
import { findProcesses, type ProcessSpec, supervisorName } from "./processes.ts";
import { natsAuthorization } from "./servers/nats.ts";

/**
 * What servers of your own must grant before NATS_URL, REDIS_URL and DATABASE_URL name them: a block for NATS's
 * configuration, SQL for PostgreSQL, settings for Redis; as a document and as text to paste. Makes this home's keys where
 * they are missing: their public halves are what NATS is told.
 */
export function printSetup(
  { home }: Pick<Config, "home">,
  processes: readonly ProcessSpec[] = findProcesses(),
): { document: object; words: string } {
  const keys = openKeys(home, [...processes.map(({ name }) => name), supervisorName]);
  const nats = { authorization: natsAuthorization(natsUsers(processes, keys)) };
  const postgres = [
    "create role muster_owner login createrole password '…';",
    "create database muster owner muster_owner;",
  ];
  const redis = { "maxmemory-policy": "noeviction", appendonly: "yes" };
  const words = [
    "# NATS 2.9 or newer: this block in the server's configuration",
    `authorization: ${JSON.stringify(nats.authorization, null, 2)}`,
    "",
    "-- PostgreSQL 15 or newer: DATABASE_URL names this role and database; the other roles and schemas are made by it",
    ...postgres,
    "-- its server must have contrib's extension pg_trgm (Debian: in postgresql itself); the role above makes it in the database",
    "",
    "# Redis 7 or newer",
    ...Object.entries(redis).map(([key, value]) => `${key} ${value}`),
  ].join("\n");
  return { document: { nats, postgres, extensions: ["pg_trgm"], redis }, words };
}
