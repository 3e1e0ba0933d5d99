import { expect, it } from "vitest";
import { cpuPrior, measureSpeed } from "./prior.ts";

it("gives the time of one operation by the clock it is handed", () => {
  let now = 0;
  // Every reading is 262.144 ms after the last: 2^18 operations between two readings make 1,000 ns each.
  const clock = () => {
    now += 262.144;
    return now;
  };
  expect(measureSpeed(clock)).toEqual({ gatherNs: expect.closeTo(1000, 6), multiplyNs: expect.closeTo(1000, 6) });
});

it("never says that work takes no time", () => {
  const { gatherNs, multiplyNs } = measureSpeed(() => 0);
  expect(Math.min(gatherNs, multiplyNs)).toBeGreaterThan(0);
});

it("expects twice the cost of a machine half as fast", () => {
  const [fast, slow] = [1, 2].map((ns) => cpuPrior("xgboost", { gatherNs: ns, multiplyNs: ns }).log);
  for (const [i, log] of fast!.entries()) expect(slow![i]! - log).toBeCloseTo(Math.log(2), 10);
});
