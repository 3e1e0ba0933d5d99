import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fault } from "@muster/shared/fault.ts";
import { identify, isRunning, type ProcessIdentity, signal, startOf } from "./process-identity.ts";
import type { ProcessState } from "./supervise.ts";

/** A process as `status` shows it; `pid` is null while it doesn't run. */
export type ProcessStatus = { name: string; pid: number | null; state: ProcessState; version: string };

/** What a supervisor says about its swarm: what `muster status` prints, and what the next start needs to clean up. */
export type SwarmState = {
  state: "starting" | "running" | "stopping";
  supervisor: ProcessIdentity;
  home: string;
  urls: { gateway: string; serving: string };
  ports: Record<string, number>;
  processes: ProcessStatus[];
  /** Everything that was started, servers and the reaper too. */
  children: (ProcessIdentity & { name: string })[];
};

const stateFile = (home: string): string => join(home, "supervisor.json");
const lockFile = (home: string): string => join(home, "supervisor.lock");

/** Writes the state whole or not at all. */
export function writeState(state: SwarmState): void {
  const file = stateFile(state.home);
  writeFileSync(`${file}.new`, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The state of the swarm of a home as last written; null when none was or its supervisor is gone. */
export function readState(home: string): SwarmState | null {
  const state = lastState(home);
  return state && isRunning(state.supervisor) ? state : null;
}

const lastState = (home: string): SwarmState | null =>
  existsSync(stateFile(home)) ? JSON.parse(readFileSync(stateFile(home), "utf8")) : null;

/** The running swarm of a home. Throws `unavailable` saying how to start one. */
export function requireState(home: string): SwarmState {
  const state = readState(home);
  if (!state) throw fault("unavailable", "nothing is running; run npx muster up", { home });
  return state;
}

/**
 * Takes the lock of a home. Gives null when it's ours now, else the process that holds it. A lock whose holder is gone is
 * taken over; it's moved aside first and looked at again, since another start may have been faster.
 */
export function takeLock(home: string): ProcessIdentity | null {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = lockFile(home);
  const own = `${file}.${process.pid}`;
  for (;;) {
    // Written aside and linked: whoever reads the lock reads all of it.
    writeFileSync(own, JSON.stringify(identify(process.pid)));
    try {
      linkSync(own, file);
      return null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(own, { force: true });
    }
    const held = readLock(file);
    if (held && isRunning(held)) return held;
    const aside = `${file}.stale.${process.pid}`;
    if (!move(file, aside)) continue;
    const moved = readLock(aside);
    if (moved && isRunning(moved)) move(aside, file);
    else rmSync(aside, { force: true });
  }
}

const readLock = (file: string): ProcessIdentity | null => {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
};

function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Gives the lock back and forgets the state. */
export function releaseLock(home: string): void {
  rmSync(stateFile(home), { force: true });
  rmSync(lockFile(home), { force: true });
}

const patience = 100;

/**
 * Ends whatever a supervisor of this home that died left running: its reaper is given time to do so in order, then
 * SIGKILL. The lock must be held.
 */
export async function cleanUpAfterCrash(home: string): Promise<string[]> {
  const left = lastState(home);
  if (!left) return [];
  for (let tries = 0; tries < patience && left.children.some(isRunning); tries++) await pause(100);
  const killed: string[] = [];
  for (const child of left.children.filter(isRunning)) {
    signal(-child.pid, "SIGKILL");
    killed.push(String(child.pid));
  }
  while (left.children.some((child) => startOf(child.pid) === child.startedAt)) await pause(25);
  rmSync(stateFile(home), { force: true });
  return killed;
}
