import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNkey, seedToPublicNkey } from "@muster/shared/nkey.ts";

/** The keys of a swarm: where each process's seed stands, all public keys, and the passwords of its servers. */
export type Keys = {
  seedFile: (process: string) => string;
  ringFile: string;
  ring: Record<string, string>;
  databaseAdminPassword: string;
  databasePassword: (process: string) => string;
  redisPassword: string;
};

/** Writes a file whole or not at all, readable by its owner only. */
export function writeSecret(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

const servers = ["server:postgres", "server:redis"];
const password = (): string => randomBytes(24).toString("base64url");

/**
 * Opens the keys in `<home>/keys` and makes those that are missing, so that a new agent gets its own and the others keep
 * theirs. The folder has mode 700, every file 600. The ring names exactly the processes given.
 */
export function openKeys(home: string, processes: readonly string[]): Keys {
  const folder = join(home, "keys");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const seedFile = (process: string) => join(folder, `${process}.nkey`);
  const ring: Record<string, string> = {};
  for (const process of processes) {
    if (!existsSync(seedFile(process))) writeSecret(seedFile(process), createNkey(randomBytes(32)).seed);
    ring[process] = seedToPublicNkey(readFileSync(seedFile(process), "utf8"));
  }
  const ringFile = join(folder, "ring.json");
  writeSecret(ringFile, JSON.stringify(ring, null, 2));

  const passwordFile = join(folder, "passwords.json");
  const kept: Record<string, string> = existsSync(passwordFile) ? JSON.parse(readFileSync(passwordFile, "utf8")) : {};
  const passwords = { ...kept };
  for (const name of [...servers, ...processes.map((process) => `process:${process}`)]) passwords[name] ??= password();
  writeSecret(passwordFile, JSON.stringify(passwords, null, 2));
  return {
    seedFile,
    ringFile,
    ring,
    databaseAdminPassword: passwords["server:postgres"]!,
    databasePassword: (process) => passwords[`process:${process}`]!,
    redisPassword: passwords["server:redis"]!,
  };
}
