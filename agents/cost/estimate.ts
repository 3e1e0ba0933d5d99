import type { Estimate, FinishedRun, Interval, Prices, TrainingWork } from "@muster/shared/domain/estimate.ts";
import { type CostModel, calibrate, type PastRun, peakOf } from "@muster/shared/estimate/calibrate.ts";
import { expectedCpuSeconds, expectedMemoryMb, expectedSeconds } from "@muster/shared/estimate/expected.ts";
import type { MachineSpeed } from "@muster/shared/estimate/prior.ts";
import { fault } from "@muster/shared/fault.ts";
import { usd } from "./price.ts";

/**
 * What training some candidates one after another will cost, each figure with a 90 % interval: their CPU-seconds and
 * seconds in sum, and the peak of memory. `error` as `replay` gives it. `invalid_input` without a candidate.
 */
export function estimateTraining(
  model: CostModel,
  works: readonly TrainingWork[],
  prices: Prices,
  error: number | null,
): Estimate {
  if (works.length === 0) throw fault("invalid_input", "there is no candidate to estimate; pass at least one");
  const cpuSeconds = expectedCpuSeconds(model, works);
  const memoryMb = expectedMemoryMb(model, works);
  const seconds = expectedSeconds(model, works);
  const money = (end: keyof Interval): number =>
    usd(prices, { cpuSeconds: cpuSeconds[end], memoryMb: memoryMb[end], seconds: seconds[end] });
  return {
    cpuSeconds,
    memoryMb,
    seconds,
    usd: { low: money("low"), mid: money("mid"), high: money("high") },
    basedOn: { runs: model.runs, prior: works.some(({ algorithm }) => !model.parts.get(algorithm)), error },
  };
}

/**
 * How good the estimates of the latest runs would have been, each from the runs before it: the median absolute error
 * (ratio to the actual) and the share of actuals inside their 90 % interval. Null without runs.
 */
export type Replay = { runs: number; medianError: number | null; covered: number | null };

/** The middle of some numbers. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

/** A finished part as it was known before: how far its boosting would go wasn't. */
const beforehand = ({ keptRounds: _, ...work }: FinishedRun): TrainingWork => work;

/** Replays the last `last` runs (oldest first) against what was known before each; the error that estimates show. */
export function replay(runs: readonly PastRun[], speed: MachineSpeed, quantity: "cpu" | "memory", last = 20): Replay {
  const from = Math.max(0, runs.length - last);
  const scored = runs.slice(from).flatMap((run, i) => {
    const actual = quantity === "cpu" ? run.reduce((sum, part) => sum + part.cpuSeconds, 0) : peakOf(run);
    if (actual <= 0) return [];
    const expected = { cpu: expectedCpuSeconds, memory: expectedMemoryMb }[quantity];
    const { low, mid, high } = expected(calibrate(runs.slice(0, from + i), speed), run.map(beforehand));
    return [{ error: Math.abs(mid - actual) / actual, inside: low <= actual && actual <= high }];
  });
  if (scored.length === 0) return { runs: 0, medianError: null, covered: null };
  return {
    runs: scored.length,
    medianError: median(scored.map(({ error }) => error)),
    covered: scored.filter(({ inside }) => inside).length / scored.length,
  };
}
