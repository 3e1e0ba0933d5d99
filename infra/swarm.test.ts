import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "@muster/shared/config.ts";
import { afterEach, expect, it, vi } from "vitest";
import { askSupervisor } from "./control.ts";
import { fixtureProcesses } from "./fixtures/processes.ts";
import { bringDown } from "./join.ts";
import { identify, isRunning, type ProcessIdentity, signal } from "./process-identity.ts";
import type { ProcessSpec } from "./processes.ts";
import { readState } from "./state.ts";
import { bringUp, type Swarm } from "./swarm.ts";
import { testHome } from "./testing.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (let step = cleanups.pop(); step; step = cleanups.pop()) await step();
});

function newHome(): string {
  const { home, remove } = testHome();
  cleanups.push(remove);
  return home;
}

const anyPorts = { MUSTER_HTTP: "127.0.0.1:0", MUSTER_SERVING: "127.0.0.1:0" };
async function up(home: string, found: ProcessSpec[] = fixtureProcesses): Promise<Swarm> {
  const swarm = await bringUp({
    home,
    config: readConfig({ MUSTER_HOME: home, ...anyPorts }),
    found,
    readyWithinMs: 20_000,
  });
  cleanups.push(swarm.stop);
  return swarm;
}

/** A supervisor in a process of its own, as `npm start` is; resolves when its swarm is up. */
async function upElsewhere(home: string): Promise<ChildProcess> {
  const file = fileURLToPath(new URL("fixtures/supervisor.ts", import.meta.url));
  const child = fork(file, [home], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  cleanups.push(() => void (child.pid && child.exitCode === null && signal(child.pid, "SIGKILL")));
  await once(child, "message");
  return child;
}

const childrenOf = (home: string) => readState(home)?.children ?? [];
const patient = { timeout: 30_000, interval: 50 };

it("brings servers and processes up, keeps a log of each, and leaves nothing running when it's stopped", async () => {
  const home = newHome();
  const swarm = await up(home);
  expect(swarm.processes().map(({ name, state }) => `${name} ${state}`)).toEqual(["gateway running", "sweeps running"]);
  const children = childrenOf(home);
  expect(children).toHaveLength(6);
  expect(children.every(isRunning)).toBe(true);
  await vi.waitFor(
    () => expect(readFileSync(join(home, "logs", "sweeps.log"), "utf8")).toContain('"msg":"ready"'),
    patient,
  );
  for (const file of readdirSync(join(home, "keys")))
    expect(statSync(join(home, "keys", file)).mode & 0o777).toBe(0o600);
  await swarm.stop();
  expect(children.filter(isRunning)).toEqual([]);
  expect(readState(home)).toBeNull();
});

it("starts a process that was killed again, also a server on its port", async () => {
  const home = newHome();
  const swarm = await up(home);
  const before = childrenOf(home);
  const gateway = swarm.processes()[0]!.pid!;
  signal(gateway, "SIGKILL");
  await vi.waitFor(() => {
    expect(swarm.processes()[0]).toMatchObject({ state: "running" });
    expect(swarm.processes()[0]!.pid).not.toBe(gateway);
  }, patient);
  const nats = before.find(({ name }) => name === "nats")!;
  signal(nats.pid, "SIGKILL");
  await vi.waitFor(() => {
    const again = childrenOf(home).filter((each) => !before.some(({ pid }) => pid === each.pid));
    expect(again).toHaveLength(2);
    expect(again.every(isRunning)).toBe(true);
  }, patient);
  const { ports } = readState(home)!;
  expect(ports).toEqual(swarm.ports);
});

it("is joined by a second start and obeys it, and a stopped process stays stopped", async () => {
  const home = newHome();
  const first = await upElsewhere(home);
  const second = await up(home);
  expect(second.joined).toBe(true);
  expect(readState(home)!.supervisor.pid).toBe(first.pid);
  await second.stopProcess("sweeps");
  expect(second.processes().map(({ state }) => state)).toEqual(["running", "stopped"]);
  await second.startProcess("sweeps");
  expect(second.processes().map(({ state }) => state)).toEqual(["running", "running"]);
  await expect(askSupervisor(home, { do: "stop_process", process: "nobody" })).rejects.toMatchObject({
    code: "not_found",
  });
  await second.stop();
  expect(readState(home)).not.toBeNull();
  await bringDown(home);
  expect(readState(home)).toBeNull();
  await expect(bringDown(home)).rejects.toMatchObject({ code: "unavailable" });
});

it("leaves nothing behind when the supervisor is killed hard, and the next start finds the data again", async () => {
  const home = newHome();
  const supervisor = await upElsewhere(home);
  const children = childrenOf(home);
  expect(children.filter(isRunning)).toHaveLength(6);
  signal(supervisor.pid!, "SIGKILL");
  await vi.waitFor(() => expect(children.filter(isRunning)).toEqual([]), patient);
  expect(readState(home)).toBeNull();
  const again = await up(home);
  expect(again.joined).toBe(false);
  expect(again.processes().every(({ state }) => state === "running")).toBe(true);
});

it("stops everything again when a process doesn't come up, and names it", async () => {
  const home = newHome();
  const broken = { ...fixtureProcesses[1]!, file: join(home, "missing.ts") };
  const config = readConfig({ MUSTER_HOME: home, ...anyPorts });
  const children: ProcessIdentity[] = [];
  const bring = bringUp({
    home,
    config,
    found: [fixtureProcesses[0]!, broken],
    readyWithinMs: 3_000,
    onEvent: () => children.push(...childrenOf(home)),
  });
  await expect(bring).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("sweeps") });
  expect(children.length).toBeGreaterThan(0);
  expect(children.filter(isRunning)).toEqual([]);
  expect(readState(home)).toBeNull();
});

it("gives up when it's told to while starting", async () => {
  const home = newHome();
  const config = readConfig({ MUSTER_HOME: home, ...anyPorts });
  const bring = bringUp({ home, config, found: fixtureProcesses, abort: AbortSignal.abort() });
  await expect(bring).rejects.toMatchObject({ code: "cancelled" });
  expect(readState(home)).toBeNull();
  expect(identify(process.pid)).not.toBeNull();
});
