import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { repeat } from "./repeat.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("goes on after a failure, never twice at a time, and not after it was stopped", async () => {
  const failures: unknown[] = [];
  let [rounds, running, most] = [0, 0, 0];
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 50));
    running -= 1;
    if (++rounds === 1) throw new Error("the first");
  };
  const stop = repeat(10, work, (error) => failures.push(error));
  await vi.advanceTimersByTimeAsync(160);
  expect([rounds, most, failures.length]).toEqual([2, 1, 1]);
  const stopped = stop();
  await vi.advanceTimersByTimeAsync(1000);
  await stopped;
  expect([rounds, running, vi.getTimerCount()]).toEqual([3, 0, 0]);
});
