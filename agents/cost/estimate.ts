import type { Estimate, FinishedRun, Interval, Prices, TrainingWork } from "@muster/shared/domain/estimate.ts";
import { fault } from "@muster/shared/fault.ts";
import { busySeconds, type CostModel, calibrate } from "./calibrate.ts";
import { intervalOf, type LogPrediction, predict } from "./fit-additive.ts";
import { usd } from "./price.ts";
import type { MachineSpeed } from "./prior.ts";
import { workTerms } from "./work.ts";

type Quantity = "cpu" | "memory";

/** The prediction of one candidate's CPU-seconds or peak memory (MB). */
function predicted(model: CostModel, work: TrainingWork, quantity: Quantity): LogPrediction {
  return predict(model[quantity].get(work.algorithm)!, workTerms(work)[quantity]);
}

function secondsOf(model: CostModel, work: TrainingWork, cpu: LogPrediction): LogPrediction {
  const pace = predict(model.pace, [busySeconds(Math.exp(cpu.log), work)]);
  return { log: pace.log, sd: Math.hypot(pace.sd, cpu.sd), weight: Math.min(pace.weight, cpu.weight) };
}

const combine = (intervals: Interval[], by: (values: number[]) => number): Interval => ({
  low: by(intervals.map((i) => i.low)),
  mid: by(intervals.map((i) => i.mid)),
  high: by(intervals.map((i) => i.high)),
});
const sum = (values: number[]): number => values.reduce((total, v) => total + v, 0);
const largest = (values: number[]): number => Math.max(...values);

/**
 * What training some candidates one after another will cost, each figure with a 90 % interval. CPU-seconds and seconds
 * add up, end by end (candidates err together: what makes one slow makes all slow), memory is the largest one's.
 * `error` as `replay` gives it. `invalid_input` without a candidate.
 */
export function estimateTraining(
  model: CostModel,
  works: TrainingWork[],
  prices: Prices,
  error: number | null,
): Estimate {
  if (works.length === 0) throw fault("invalid_input", "there is no candidate to estimate; pass at least one");
  const parts = works.map((work) => {
    const cpu = predicted(model, work, "cpu");
    return {
      cpu: intervalOf(cpu),
      memory: intervalOf(predicted(model, work, "memory")),
      seconds: intervalOf(secondsOf(model, work, cpu)),
    };
  });
  const cpuSeconds = combine(
    parts.map((part) => part.cpu),
    sum,
  );
  const memoryMb = combine(
    parts.map((part) => part.memory),
    largest,
  );
  const seconds = combine(
    parts.map((part) => part.seconds),
    sum,
  );
  const money = (end: keyof Interval): number =>
    usd(prices, { cpuSeconds: cpuSeconds[end], memoryMb: memoryMb[end], seconds: seconds[end] });
  const known = [...new Set(works.map((work) => work.algorithm))].map((algorithm) => model.runs.get(algorithm) ?? 0);
  return {
    cpuSeconds,
    memoryMb,
    seconds,
    usd: { low: money("low"), mid: money("mid"), high: money("high") },
    basedOn: { runs: sum(known), prior: known.some((runs) => runs === 0), error },
  };
}

/**
 * How good the estimates of the latest runs would have been, each from the runs before it: the median absolute error
 * (ratio to the actual) and the share of actuals inside their 90 % interval. Null without runs.
 */
export type Replay = { runs: number; medianError: number | null; covered: number | null };

const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

/** Replays the last `last` runs (oldest first) against what was known before each; the error that estimates show. */
export function replay(runs: FinishedRun[], speed: MachineSpeed, quantity: Quantity, last = 20): Replay {
  const from = Math.max(0, runs.length - last);
  const scored = runs.slice(from).flatMap((run, i) => {
    const actual = quantity === "cpu" ? run.cpuSeconds : run.peakMemoryMb;
    if (actual <= 0) return [];
    const { low, mid, high } = intervalOf(predicted(calibrate(runs.slice(0, from + i), speed), run, quantity));
    return [{ error: Math.abs(mid - actual) / actual, inside: low <= actual && actual <= high }];
  });
  if (scored.length === 0) return { runs: 0, medianError: null, covered: null };
  return {
    runs: scored.length,
    medianError: median(scored.map(({ error }) => error)),
    covered: scored.filter(({ inside }) => inside).length / scored.length,
  };
}
