import type { Interval } from "@muster/shared/domain/estimate.ts";

/** What a step of a plan is expected to take; `times`: how often such a step comes. */
export type StepEstimate = {
  tool: string;
  times: Interval;
  seconds: Interval;
  cpuSeconds: Interval;
  memoryMb: number;
  usd: Interval;
  /** Steps of this tool that were seen. */
  seen: number;
};

const ends = ["low", "mid", "high"] as const;

const each = (of: (end: (typeof ends)[number]) => number): Interval => ({
  ...{ low: of("low"), mid: of("mid"), high: of("high") },
});

/**
 * The sum of steps that err apart from each other: middles add up, and so do the squares of how far the ends lie from them.
 * A step that comes several times errs alike each time.
 */
export function sumOf(steps: readonly { times: Interval; of: Interval }[]): Interval {
  const mid = steps.reduce((sum, { times, of }) => sum + times.mid * of.mid, 0);
  const reach = (end: "low" | "high") =>
    Math.sqrt(steps.reduce((sum, { times, of }) => sum + (times[end] * of[end] - times.mid * of.mid) ** 2, 0));
  return { low: Math.max(0, mid - reach("low")), mid, high: mid + reach("high") };
}

/** What a plan takes: its steps' sums, and the most memory of any of them. */
export const planSum = (steps: readonly StepEstimate[]) => ({
  seconds: sumOf(steps.map(({ times, seconds }) => ({ times, of: seconds }))),
  cpuSeconds: sumOf(steps.map(({ times, cpuSeconds }) => ({ times, of: cpuSeconds }))),
  usd: sumOf(steps.map(({ times, usd }) => ({ times, of: usd }))),
  memoryMb: Math.max(0, ...steps.map(({ memoryMb }) => memoryMb)),
});

/**
 * CPU-seconds of a step of which only the clock was seen: none where it waited all the time, every thread's where it never
 * did; in the middle one thread was busy.
 */
export const cpuOfClock = (seconds: Interval, threads: number): Interval =>
  each((end) => (end === "low" ? 0 : end === "mid" ? seconds.mid : seconds.high * threads));

/** The widest of several intervals, and their middles' geometric mean: which of them it will be isn't known. */
export const eitherOf = (intervals: readonly Interval[]): Interval => ({
  low: Math.min(...intervals.map(({ low }) => low)),
  mid: Math.exp(intervals.reduce((sum, { mid }) => sum + Math.log(mid), 0) / intervals.length),
  high: Math.max(...intervals.map(({ high }) => high)),
});
