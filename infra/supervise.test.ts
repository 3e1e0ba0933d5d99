import { spawn } from "node:child_process";
import { afterAll, expect, it, vi } from "vitest";
import { startReaper } from "./reaper.ts";
import { backOff, type ProcessState, supervise, type Timers } from "./supervise.ts";

/** Machines are slow at times. */
const patient = { timeout: 30_000 };

const reaper = startReaper();
afterAll(() => reaper.stop());

/** A clock that stands still until it's moved; restarts wait on it, real processes run meanwhile. */
function stoppedClock() {
  let now = 0;
  const waiting = new Map<object, { at: number; then: () => void }>();
  const timers: Timers = {
    now: () => now,
    after: (ms, then) => {
      const key = {};
      waiting.set(key, { at: now + ms, then });
      return () => void waiting.delete(key);
    },
  };
  const advance = (ms: number) => {
    now += ms;
    for (const [key, { at, then }] of [...waiting]) if (at <= now && waiting.delete(key)) then();
  };
  return { timers, advance, delays: () => [...waiting.values()].map(({ at }) => at - now) };
}

function supervised(script: string, timers: Timers, ready = async () => {}) {
  const states: ProcessState[] = [];
  const one = supervise({
    name: "it",
    spawn: () => spawn("/bin/sh", ["-c", script], { detached: true, stdio: "ignore" }),
    ready,
    stopSignal: "TERM",
    graceMs: 5_000,
    readyWithinMs: 1_000_000,
    reaper,
    timers,
    onState: (state) => void states.push(state),
  });
  return {
    one,
    states,
    failed: (times: number) =>
      vi.waitFor(() => expect(states.filter((s) => s === "failed")).toHaveLength(times), patient),
  };
}

it("waits longer each time a process ends, up to a limit, and starts it every time", async () => {
  const clock = stoppedClock();
  const { one, failed } = supervised("exit 3", clock.timers);
  one.start();
  const waits: number[] = [];
  for (let times = 1; times <= 8; times++) {
    await failed(times);
    const [delay] = clock.delays();
    waits.push(delay!);
    clock.advance(delay!);
  }
  expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  await one.stop();
});

it("forgets earlier ends once a process was up for a while", async () => {
  const clock = stoppedClock();
  const { one, failed } = supervised("sleep 600", clock.timers);
  one.start();
  await one.whenRunning(5_000);
  process.kill(-one.pid()!, "SIGKILL");
  await failed(1);
  expect(clock.delays()).toContain(250);
  clock.advance(250);
  await one.whenRunning(5_000);
  clock.advance(backOff.steadyMs);
  process.kill(-one.pid()!, "SIGKILL");
  await failed(2);
  expect(clock.delays()).toContain(250);
  await one.stop();
});

it("doesn't start a process again that was stopped, and ends what that one started too", async () => {
  const clock = stoppedClock();
  const { one, states } = supervised("sleep 600 & sleep 600", clock.timers);
  one.start();
  await one.whenRunning(5_000);
  const group = one.pid()!;
  await one.stop();
  expect(states).toEqual(["starting", "running", "stopped"]);
  expect(clock.delays()).toEqual([]);
  await vi.waitFor(() => expect(() => process.kill(-group, 0)).toThrow("ESRCH"), { timeout: 15_000 });
});

it("tells who waits that a process ends again and again before it ever runs", async () => {
  const clock = stoppedClock();
  const { one, failed } = supervised("exit 3", clock.timers, () => Promise.withResolvers<void>().promise);
  one.start();
  const told = expect(one.whenRunning(1_000_000)).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("code 3, 5 times"),
  });
  for (let times = 1; times <= 5; times++) {
    await failed(times);
    if (times < 5) clock.advance(Math.min(...clock.delays()));
  }
  await told;
  await one.stop();
});
