import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Config, inheritedEnvironment } from "@muster/shared/config.ts";
import { fault } from "@muster/shared/fault.ts";
import { readState } from "./state.ts";

/**
 * Starts the swarm in a process of its own that outlives us, and resolves when all of it answers. Its words go to
 * `<home>/logs/supervisor.log`. Throws `unavailable` with the log's last line where it ends before that.
 */
export async function startDetached({ home }: Config, processes: readonly string[]): Promise<void> {
  const folder = join(home, "logs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = join(folder, "supervisor.log");
  const out = openSync(log, "w", 0o600);
  const program = fileURLToPath(new URL("./serve.ts", import.meta.url));
  const child = spawn(process.execPath, [program, ...processes], {
    detached: true,
    stdio: ["ignore", out, out],
    env: inheritedEnvironment(),
  });
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  child.unref();
  while (readState(home)?.state !== "running") {
    if (ended)
      throw fault("unavailable", readFileSync(log, "utf8").trim().split("\n").at(-1) ?? "the swarm did not come up", {
        log,
      });
    await pause(100);
  }
}
