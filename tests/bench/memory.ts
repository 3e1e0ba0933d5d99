import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { readState } from "@muster/infra/state.ts";
import { fault } from "@muster/shared/fault.ts";
import { type Bench, round } from "../support/measure.ts";
import { withSwarm } from "../support/throwaway-swarm.ts";

/** Time for a fresh swarm to settle after its start: caches written, first timers over. */
const settleMs = 15_000;

/** What an idle swarm holds in memory: the proportional set size of its processes and servers, with all their children. */
export const bench: Bench = {
  name: "memory",
  does: "the proportional set size of a whole idle swarm, its servers included",
  async run() {
    if (!existsSync("/proc/self/smaps_rollup"))
      throw fault("unavailable", "proportional set sizes are read from /proc, which this machine hasn't got");
    return withSwarm(async ({ home }) => {
      await pause(settleMs);
      const children = readState(home)?.children ?? [];
      const parents = parentsByPid();
      const cases = children.map(({ name, pid }) => ({
        process: name,
        mb: round(family(pid, parents).reduce((sum, one) => sum + pssMb(one), 0)),
      }));
      cases.push({ process: "supervisor", mb: round(pssMb(process.pid)) });
      return {
        figures: { totalMb: Math.round(cases.reduce((sum, { mb }) => sum + mb, 0)), processes: cases.length },
        cases,
      };
    });
  },
};

/** Which process started which, by pid. */
function parentsByPid(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const stat = readProc(`/proc/${entry}/stat`);
    // The name in brackets may hold anything; what follows the last bracket is the state and the parent.
    const parent = Number(
      stat
        .slice(stat.lastIndexOf(")") + 1)
        .trim()
        .split(" ")[1],
    );
    if (Number.isInteger(parent)) parents.set(Number(entry), parent);
  }
  return parents;
}

/** A process with all that descend from it. */
function family(pid: number, parents: ReadonlyMap<number, number>): number[] {
  const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child);
  return [pid, ...children.flatMap((child) => family(child, parents))];
}

const pssMb = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(readProc(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;

/** A file of /proc; empty where its process has just ended. */
function readProc(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}
