import { expect, test } from "vitest";
import { secondsOfStep } from "./durations.ts";

test("before any step it is the tool's hint, and the interval says how little that is worth", () => {
  const { low, mid, high } = secondsOfStep([], 400, null);
  expect(mid).toBeCloseTo(0.4, 10);
  expect(high / low).toBeGreaterThan(10);
});

test("learns what a step takes once and what a cell does", () => {
  const seen = Array.from({ length: 30 }, (_, i) => ({ cells: i * 1e5, seconds: 2 + 3 * (i / 10) }));
  const small = secondsOfStep(seen, 100, 0);
  const large = secondsOfStep(seen, 100, 1e7);
  expect(small.mid).toBeGreaterThan(1.5);
  expect(small.mid).toBeLessThan(2.5);
  expect(large.mid).toBeGreaterThan(25);
  expect(large.mid).toBeLessThan(40);
  expect(small.high / small.low).toBeLessThan(3);
});
