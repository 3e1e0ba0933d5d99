import type { ChildProcess } from "node:child_process";
import { fault } from "@muster/shared/fault.ts";
import { signal } from "./process-identity.ts";
import type { Reaper } from "./reaper.ts";

/** `failed`: it ended by itself and waits to be started again. */
export type ProcessState = "starting" | "running" | "stopped" | "failed";

/** When a process that ended is started again: after `firstMs`, doubling to `longestMs`, back to the first after `steadyMs` up. */
export type BackOff = { firstMs: number; longestMs: number; steadyMs: number };
export const backOff: BackOff = { firstMs: 250, longestMs: 10_000, steadyMs: 30_000 };

/** So often may a process end before it ever runs until those who wait for it are told; it's started again all the same. */
const hopelessEnds = 5;

/** The clock that supervision runs by; tests pass their own. */
export type Timers = { now: () => number; after: (ms: number, then: () => void) => () => void };
export const realTimers: Timers = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

export type SuperviseOptions = {
  name: string;
  /** Starts it, leading a process group of its own (`detached`). */
  spawn: () => ChildProcess;
  /** Resolves once it can be used. */
  ready: (child: ChildProcess, ended: AbortSignal) => Promise<void>;
  /** What asks it to end, and how long it may take before SIGKILL. */
  stopSignal: "TERM" | "INT";
  graceMs: number;
  readyWithinMs: number;
  reaper: Reaper;
  timers?: Timers;
  backOff?: BackOff;
  /** Hears every change of state; `why` in plain words where it ended. */
  onState?: (state: ProcessState, why?: string) => void;
};

/** A process that is kept running until it's stopped. */
export type Supervised = {
  name: string;
  state: () => ProcessState;
  pid: () => number | null;
  /** Starts it unless it runs; it's kept up from then on. */
  start: () => void;
  /** Resolves when it is running; rejects with `unavailable` when it's stopped, ends again and again, or isn't up within `withinMs`. */
  whenRunning: (withinMs: number) => Promise<void>;
  stop: () => Promise<void>;
};

/** Keeps a process running: starts it, waits until it's ready, starts it again with back-off when it ends. */
export function supervise(options: SuperviseOptions): Supervised {
  const { name, reaper, timers = realTimers, backOff: wait = backOff } = options;
  let state: ProcessState = "stopped";
  let child: ChildProcess | null = null;
  let cancelRestart = () => {};
  let delayMs = wait.firstMs;
  let lastEnd = "";
  /** Times it ended since it was started or last ran. */
  let ends = 0;
  const waiting = new Set<() => void>();
  const set = (next: ProcessState, why?: string) => {
    state = next;
    if (next === "running") ends = 0;
    else if (next === "failed") ends += 1;
    options.onState?.(next, why);
    for (const wake of [...waiting]) wake();
  };

  function launch() {
    set("starting");
    const started = timers.now();
    const ended = new AbortController();
    const mine = options.spawn();
    child = mine;
    if (mine.pid) reaper.watch(mine.pid, options.stopSignal);
    const cancelLimit = timers.after(options.readyWithinMs, () => {
      lastEnd = `not ready within ${options.readyWithinMs} ms`;
      if (mine.pid) signal(mine.pid, "SIGKILL");
    });
    const onEnd = (why: string) => {
      if (child !== mine) return;
      child = null;
      cancelLimit();
      ended.abort();
      if (mine.pid) {
        // Whatever it started itself must not outlive it.
        signal(-mine.pid, "SIGKILL");
        reaper.forget(mine.pid);
      }
      if (state === "stopped") return;
      lastEnd = why;
      if (timers.now() - started >= wait.steadyMs) delayMs = wait.firstMs;
      cancelRestart = timers.after(delayMs, launch);
      delayMs = Math.min(delayMs * 2, wait.longestMs);
      set("failed", why);
    };
    mine.once("error", (error) => onEnd(error.message));
    mine.once("exit", (code, by) => onEnd(by ? `ended by ${by}` : `ended with code ${code}`));
    options.ready(mine, ended.signal).then(
      () => {
        cancelLimit();
        if (child === mine && state === "starting") set("running");
      },
      (error: unknown) => {
        if (child !== mine || ended.signal.aborted) return;
        lastEnd = error instanceof Error ? error.message : "not ready";
        if (mine.pid) signal(mine.pid, "SIGKILL");
      },
    );
  }

  return {
    name,
    state: () => state,
    pid: () => child?.pid ?? null,
    start() {
      if (state !== "stopped") return;
      delayMs = wait.firstMs;
      ends = 0;
      launch();
    },
    whenRunning: (withinMs) =>
      new Promise((resolve, reject) => {
        const done = (settle: () => void) => {
          waiting.delete(look);
          cancel();
          settle();
        };
        const refuse = (why: string) => () =>
          reject(fault("unavailable", `${name} is not running: ${why}`, { process: name }));
        const look = () => {
          if (state === "running") done(resolve);
          else if (state === "stopped") done(refuse("it was stopped"));
          else if (ends >= hopelessEnds) done(refuse(`${lastEnd}, ${ends} times; its log says more`));
        };
        const cancel = timers.after(withinMs, () => done(refuse(lastEnd || "it is still starting; its log says more")));
        waiting.add(look);
        look();
      }),
    async stop() {
      cancelRestart();
      const mine = child;
      set("stopped");
      if (!mine?.pid) return;
      const gone = new Promise<void>((resolve) => mine.once("exit", () => resolve()));
      signal(mine.pid, `SIG${options.stopSignal}`);
      const cancel = timers.after(options.graceMs, () => signal(-mine.pid!, "SIGKILL"));
      if (mine.exitCode === null && mine.signalCode === null) await gone;
      cancel();
    },
  };
}
