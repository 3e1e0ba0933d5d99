import { type SpawnOptions, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { inheritedEnvironment } from "@muster/shared/config.ts";
import { fault } from "@muster/shared/fault.ts";
import { freePort } from "../ports.ts";
import type { Reaper } from "../reaper.ts";
import { type ProcessState, type Supervised, supervise } from "../supervise.ts";

/** A server of ours: up when it's given, started again on the same port when it dies, until it's stopped. */
export type Server = { supervised: Supervised; port: number; stop: () => Promise<void> };

/** What a server of ours is started with. */
export type ServerContext = {
  reaper: Reaper;
  /** Hears every line that it prints, and every change of its state. */
  onLine?: (name: string, line: string) => void;
  onState?: (name: string, state: ProcessState, why?: string) => void;
};

type Launch = { command: string; args: string[]; options?: SpawnOptions };
export type ServerOptions = {
  name: string;
  /** The command for a port. */
  launch: (port: number) => Launch;
  /** Resolves once it answers on that port. */
  ready: (port: number, ended: AbortSignal) => Promise<void>;
  stopSignal: "TERM" | "INT";
};

const attempts = 5;

/**
 * Starts a server on a free port of 127.0.0.1. Between finding a port and taking it another may be faster, so the first
 * start is tried anew with the next port; later starts keep the port, which clients know. Throws `unavailable` with what
 * the server said last.
 */
export async function startServer(
  context: ServerContext,
  { name, launch, ready, stopSignal }: ServerOptions,
): Promise<Server> {
  let lastLine = "";
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const supervised = supervise({
      name,
      reaper: context.reaper,
      stopSignal,
      graceMs: 8_000,
      readyWithinMs: 30_000,
      ready: (_, ended) => ready(port, ended),
      onState: (state, why) => {
        context.onState?.(name, state, why);
        if (state === "failed") failed.reject(new Error(why));
      },
      spawn: () => {
        const { command, args, options } = launch(port);
        const child = spawn(command, args, {
          env: inheritedEnvironment(),
          ...options,
          detached: true,
          stdio: ["ignore", "pipe", "pipe"],
        });
        for (const stream of [child.stdout, child.stderr]) {
          if (!stream) continue;
          createInterface({ input: stream }).on("line", (line) => {
            lastLine = line;
            context.onLine?.(name, line);
          });
        }
        return child;
      },
    });
    supervised.start();
    try {
      await Promise.race([supervised.whenRunning(30_000), failed.promise]);
      return { supervised, port, stop: supervised.stop };
    } catch (error) {
      await supervised.stop();
      if (attempt < attempts) continue;
      throw fault(
        "unavailable",
        `${name} does not start: ${lastLine || (error as Error).message}`,
        { server: name },
        error,
      );
    }
  }
}

/** The path of an installed program, also where a user's PATH leaves out the folders of system programs. */
export function findProgram(name: string): string {
  const path = inheritedEnvironment().PATH ?? "";
  for (const folder of [...path.split(delimiter), "/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  throw fault("unavailable", `${name} is not installed; npm start installs it`, { program: name });
}
