import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** One process of this machine: a pid alone may since belong to another, its start time tells them apart. */
export type ProcessIdentity = { pid: number; startedAt: string };

/**
 * When a process started, as the operating system says it (an opaque text, equal for the same process only); null when
 * there is none or it has ended and waits to be collected.
 */
export function startOf(pid: number): string | null {
  try {
    if (process.platform !== "linux")
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
    // The name in parentheses may hold anything, so fields are counted after the last one; 1 is the state, 20 the start.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/** The identity of a running process, null when it isn't running. */
export function identify(pid: number): ProcessIdentity | null {
  const startedAt = startOf(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** Whether exactly this process still runs. */
export const isRunning = ({ pid, startedAt }: ProcessIdentity): boolean => startOf(pid) === startedAt;

/** Sends a signal to a process or, with a negative pid, its group; a process that's gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
