import { setTimeout as pause } from "node:timers/promises";
import { askSupervisor } from "./control.ts";
import { readState, requireState } from "./state.ts";
import type { Swarm } from "./swarm.ts";

const stepMs = 100;

/** The swarm of the supervisor that holds this home, once it's up; null when that one ended instead, and the lock is free. */
export async function joinRunning(home: string): Promise<Swarm | null> {
  for (let state = readState(home); ; state = readState(home)) {
    // Between taking the lock and writing its state a supervisor needs a moment; one that died needs none.
    if (state === null) {
      await pause(stepMs);
      return null;
    }
    if (state.state === "running") break;
    await pause(stepMs);
  }
  const state = readState(home);
  if (!state) return null;
  return {
    joined: true,
    home,
    urls: state.urls,
    ports: state.ports,
    processes: () => readState(home)?.processes ?? [],
    stop: async () => {},
    stopProcess: (process) => askSupervisor(home, { do: "stop_process", process }),
    startProcess: (process) => askSupervisor(home, { do: "start_process", process }),
    stopped: whenGone(home),
  };
}

/** Resolves when no supervisor runs on this home any more; waiting for it keeps no process alive. */
async function whenGone(home: string): Promise<void> {
  while (readState(home)) await pause(stepMs, undefined, { ref: false });
}

/** Stops the running swarm of a home; resolves when all of it has ended. Throws `unavailable` when none runs. */
export async function bringDown(home: string): Promise<void> {
  requireState(home);
  await askSupervisor(home, { do: "stop" });
  while (readState(home)) await pause(stepMs);
}
