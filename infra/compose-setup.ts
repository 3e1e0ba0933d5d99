/**
 * The first container of compose.yaml: makes keys, NATS users and the database's roles, and an environment file for every
 * process. Repeating it changes nothing. DATABASE_URL, NATS_URL and REDIS_URL name the other containers.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentFor, readConfig } from "@muster/shared/config.ts";
import { migrate } from "@muster/shared/database/migrate.ts";
import { fault } from "@muster/shared/fault.ts";
import { asRole, databaseRoles } from "./data-servers.ts";
import { openKeys, writeSecret } from "./keys.ts";
import { natsUsers } from "./nats-users.ts";
import { findProcesses, supervisorName } from "./processes.ts";
import { natsConfig } from "./servers/nats.ts";

const config = readConfig();
const { home, databaseAdminUrl } = config;
if (!databaseAdminUrl)
  throw fault("invalid_input", "DATABASE_URL is not set; it names the database of the administrator");
const processes = findProcesses();
const keys = openKeys(home, [...processes.map(({ name }) => name), supervisorName]);
for (const folder of ["env", "nats"]) mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
writeFileSync(
  join(home, "nats", "nats.json"),
  JSON.stringify(natsConfig("0.0.0.0:4222", "/nats", natsUsers(processes, keys))),
);
await migrate(databaseAdminUrl, databaseRoles(processes, keys));
for (const { name } of processes) {
  const env = environmentFor(name, {
    process: name,
    nkeySeedFile: keys.seedFile(name),
    keyRingFile: keys.ringFile,
    databaseUrl: asRole(databaseAdminUrl, name, keys),
  });
  const lines = Object.entries(env).filter(([key]) => key.startsWith("MUSTER_") || key.endsWith("_URL"));
  writeSecret(join(home, "env", `${name}.env`), lines.map(([key, value]) => `${key}="${value}"\n`).join(""));
}
