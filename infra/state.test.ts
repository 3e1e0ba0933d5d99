import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { identify } from "./process-identity.ts";
import { readState, releaseLock, requireState, type SwarmState, takeLock, writeState } from "./state.ts";
import { testHome } from "./testing.ts";

it("gives the lock to one, names it to others, and gives it again when it's released", () => {
  const { home, remove } = testHome();
  expect(takeLock(home)).toBeNull();
  expect(takeLock(home)).toEqual(identify(process.pid));
  releaseLock(home);
  expect(takeLock(home)).toBeNull();
  remove();
});

it("takes over the lock of a process that is gone, also when its pid is now another's", () => {
  const { home, remove } = testHome();
  const gone = spawnSync(process.execPath, ["-e", "console.log(process.pid)"], { encoding: "utf8" });
  for (const stale of [
    { pid: Number(gone.stdout), startedAt: "1" },
    { pid: process.pid, startedAt: "another process with our pid" },
  ]) {
    writeFileSync(join(home, "supervisor.lock"), JSON.stringify(stale));
    expect(takeLock(home)).toBeNull();
    releaseLock(home);
  }
  remove();
});

it("tells nothing of a swarm whose supervisor is gone", () => {
  const { home, remove } = testHome();
  const state: SwarmState = {
    state: "running",
    supervisor: identify(process.pid)!,
    home,
    urls: { gateway: "http://127.0.0.1:1", serving: "http://127.0.0.1:2" },
    ports: {},
    processes: [],
    children: [],
  };
  writeState(state);
  expect(readState(home)).toEqual(state);
  writeState({ ...state, supervisor: { pid: process.pid, startedAt: "1" } });
  expect(readState(home)).toBeNull();
  expect(() => requireState(home)).toThrow("npx muster up");
  remove();
});
