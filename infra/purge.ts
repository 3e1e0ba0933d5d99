import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fault } from "@muster/shared/fault.ts";
import { removePostgresFiles } from "./servers/postgres-files.ts";
import { readState } from "./state.ts";

/** Removes a home with everything that stands elsewhere because of it. Throws `conflict` while its swarm still runs. */
export async function purge(home: string): Promise<void> {
  for (let i = 0; i < 100 && readState(home); i++) await pause(100);
  if (readState(home)) throw fault("conflict", "the swarm still runs; npx muster down first");
  removePostgresFiles(home);
  rmSync(home, { recursive: true, force: true });
}
