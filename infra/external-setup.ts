import { openKeys } from "./keys.ts";
import { natsUsers } from "./nats-users.ts";
import { findProcesses, type ProcessSpec, supervisorName } from "./processes.ts";
import { natsAuthorization } from "./servers/nats.ts";

/**
 * What servers of your own must grant before NATS_URL, REDIS_URL and DATABASE_URL name them, as text to paste: NATS users
 * with this home's public keys, the role that DATABASE_URL uses, Redis's two settings. What `muster up --print-setup` prints.
 */
export function externalSetup(home: string, processes: readonly ProcessSpec[] = findProcesses()): string {
  const keys = openKeys(home, [...processes.map(({ name }) => name), supervisorName]);
  return [
    "# NATS 2.9 or newer: this block in the server's configuration",
    `authorization: ${JSON.stringify(natsAuthorization(natsUsers(processes, keys)), null, 2)}`,
    "",
    "-- PostgreSQL 15 or newer: the role of DATABASE_URL makes the other roles and schemas",
    "create role muster_owner login createrole password '…';",
    "create database muster owner muster_owner;",
    "",
    "# Redis 7 or newer",
    "maxmemory-policy noeviction",
    "appendonly yes",
    "",
  ].join("\n");
}
