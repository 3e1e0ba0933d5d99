import type { BudgetState } from "@muster/shared/domain/budget.ts";
import type { Estimate } from "@muster/shared/domain/estimate.ts";
import { expect, it } from "vitest";
import { limitsOf } from "./limits.ts";
import { usd } from "./price.ts";

const prices = { coreHourUsd: 0.04, gbHourUsd: 0.005, storageGbMonthUsd: 0, scannedTbUsd: 0 };
const estimate: Estimate = {
  cpuSeconds: { low: 50, mid: 100, high: 200 },
  memoryMb: { low: 300, mid: 400, high: 512 },
  seconds: { low: 25, mid: 50, high: 100 },
  usd: { low: 0.0006, mid: 0.0012, high: 0.0024 },
  basedOn: { runs: 0, prior: true, error: null },
};
const left = (remainsUsd: number): BudgetState => ({
  budget: { id: "b", scope: "user", subject: null, period: "month", limitUsd: 1 },
  ...{ spentUsd: 0, reservedUsd: 0, remainsUsd },
});

it("leaves room above the estimate where the budgets allow it", () => {
  const { limitUsd, limitCpuSeconds } = limitsOf(estimate, [left(1), left(2)], prices, 8192);
  expect(limitUsd).toBeCloseTo(0.0096, 12);
  expect(limitCpuSeconds).toBeGreaterThan(estimate.cpuSeconds.high);
  expect(limitCpuSeconds).toBeLessThanOrEqual(800);
});

it("never lets CPU-seconds buy more than the tightest budget has, at the pace and the memory expected", () => {
  const { limitUsd, limitCpuSeconds } = limitsOf(estimate, [left(1), left(0.0013)], prices, 8192);
  expect(limitUsd).toBe(0.0013);
  const paid = usd(prices, { cpuSeconds: limitCpuSeconds, memoryMb: 512, seconds: limitCpuSeconds / 2 });
  expect(paid).toBeCloseTo(0.0013, 12);
});

it("holds by CPU-seconds alone where everything is free", () =>
  expect(
    limitsOf({ ...estimate, usd: { low: 0, mid: 0, high: 0 } }, [], { ...prices, coreHourUsd: 0, gbHourUsd: 0 }, 8192),
  ).toEqual({
    limitUsd: 0,
    limitCpuSeconds: 800,
    limitMemoryMb: 1536,
  }));

it("keeps a part of the machine's memory for the other processes", () =>
  expect(limitsOf(estimate, [], prices, 1000).limitMemoryMb).toBe(800));
