import { expect, test } from "vitest";
import { cpuOfClock, eitherOf, planSum, type StepEstimate, sumOf } from "./plan-estimate.ts";

const once = { low: 1, mid: 1, high: 1 };
const between = (low: number, mid: number, high: number) => ({ low, mid, high });

test("middles add up, and ends as far as independent errors do: 3 and 4 make 5", () =>
  expect(
    sumOf([
      { times: once, of: between(7, 10, 13) },
      { times: once, of: between(16, 20, 24) },
    ]),
  ).toEqual({ low: 25, mid: 30, high: 35 }));

test("a step that comes several times counts as often, and is never below nothing", () => {
  expect(sumOf([{ times: between(1, 2, 4), of: between(1, 2, 3) }])).toEqual({ low: 1, mid: 4, high: 12 });
  expect(sumOf([{ times: between(0, 1, 1), of: between(0, 1, 9) }]).low).toBe(0);
});

test("memory is that of the largest step, since steps give it back", () => {
  const step: StepEstimate = {
    ...{ tool: "", times: once, seconds: once, cpuSeconds: once, usd: once, memoryMb: 10, seen: 0 },
  };
  expect(planSum([step, { ...step, memoryMb: 300 }, step]).memoryMb).toBe(300);
});

test("a clock alone says between nothing and every thread", () =>
  expect(cpuOfClock(between(1, 2, 4), 2)).toEqual({ low: 0, mid: 2, high: 8 }));

test("what may be either is as wide as both", () =>
  expect(eitherOf([between(1, 2, 3), between(4, 8, 9)])).toEqual({ low: 1, mid: expect.closeTo(4, 10), high: 9 }));
