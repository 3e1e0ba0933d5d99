import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Config, environmentFor } from "@muster/shared/config.ts";
import type { ProcessSpec } from "./processes.ts";
import { checkout } from "./processes.ts";

/**
 * Starts a process of the swarm under this Node, leading its own process group, so that a terminal's Ctrl-C reaches us
 * alone and we stop all in order. It's handed its settings and nothing of ours besides; the channel to it closes when we die.
 */
export function spawnProcess(spec: ProcessSpec, handed: Partial<Config>, onLine: (line: string) => void): ChildProcess {
  const child = spawn(process.execPath, [spec.file], {
    cwd: checkout,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      ...environmentFor(spec.name, { ...handed, process: spec.name }),
      // Of the checkout, not of a home: what one swarm compiled every later one reads, in tests too.
      NODE_COMPILE_CACHE: join(checkout, "node_modules", ".cache", "muster"),
      // Idle OpenMP threads of XGBoost would spin otherwise.
      OMP_WAIT_POLICY: "passive",
    },
  });
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on("line", onLine);
  return child;
}

/** Resolves when the process says that it's ready; rejects when it ends before. */
export const saysReady = (child: ChildProcess, ended: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    child.on("message", (message) => {
      if (typeof message === "object" && message !== null && "ready" in message) resolve();
    });
    ended.addEventListener("abort", () => reject(new Error("ended before it was ready")), { once: true });
  });
