import { readFileSync } from "node:fs";
import { type Config, readConfig } from "@muster/shared/config.ts";
import { schemaOf } from "@muster/shared/database/migrate.ts";
import { openPool } from "@muster/shared/database/open.ts";
import { fault } from "@muster/shared/fault.ts";
import { logger } from "@muster/shared/log.ts";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import type { NatsConnection } from "nats";
import type pg from "pg";
import { connectBus } from "./connect.ts";
import type { Log } from "./context.ts";
import { type Evidence, evidence } from "./evidence.ts";
import { type Identity, identity } from "./identity.ts";
import { evidenceStore } from "./store.ts";

/** What every process of the swarm stands on: who it is, the bus, the evidence, the lake, the clock. */
export type Process = {
  name: string;
  config: Config;
  identity: Identity;
  nats: NatsConnection;
  pool: pg.Pool;
  evidence: Evidence;
  lake: Lake;
  log: Log;
  now: () => Date;
  close: () => Promise<void>;
};

const must = (value: string | undefined, env: string): string => {
  if (value === undefined) throw fault("invalid_input", `${env} is not set; processes are started by npx muster up`);
  return value;
};

/** Opens the process that the environment describes. */
export async function openProcess(config: Config = readConfig()): Promise<Process> {
  const name = must(config.process, "MUSTER_PROCESS");
  const seed = readFileSync(must(config.nkeySeedFile, "MUSTER_NKEY_SEED"), "utf8").trim();
  const ring = JSON.parse(readFileSync(must(config.keyRingFile, "MUSTER_KEYS"), "utf8")) as Record<string, string>;
  const log: Log = logger(name);
  const self = identity(name, seed, ring);
  const pool = openPool({
    url: must(config.databaseUrl, "MUSTER_DATABASE_URL"),
    schema: schemaOf(name),
    onError: (error) => log.warn({ code: (error as { code?: string }).code }, "a database connection was lost"),
  });
  const lake = await openLake(config.home);
  const nats = await connectBus({ url: must(config.natsUrl, "NATS_URL"), name, seed });
  const now = () => new Date();
  return {
    name,
    config,
    identity: self,
    nats,
    pool,
    evidence: evidence({ identity: self, store: evidenceStore(pool), now }),
    lake,
    log,
    now,
    close: async () => {
      await nats.drain();
      await pool.end();
    },
  };
}
