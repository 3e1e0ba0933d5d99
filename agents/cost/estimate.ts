import type { Estimate, Interval, Prices, TrainingWork } from "@muster/shared/domain/estimate.ts";
import { fault } from "@muster/shared/fault.ts";
import { busySeconds, type CostModel, calibrate, type PastRun, peakOf } from "./calibrate.ts";
import { intervalOf, type LogPrediction, predict } from "./fit-additive.ts";
import { usd } from "./price.ts";
import type { MachineSpeed } from "./prior.ts";
import { memoryTerms, workTerms } from "./work.ts";

type Quantity = "cpu" | "memory";

/** How much candidates err together: data that make one slow make the others slow too, but not as much. */
const together = 0.5;

const cpuOf = (model: CostModel, work: TrainingWork): LogPrediction =>
  predict(model.cpu.get(work.algorithm)!, workTerms(work).cpu);

function secondsOf(model: CostModel, work: TrainingWork): LogPrediction {
  const cpu = cpuOf(model, work);
  const pace = predict(model.pace, [busySeconds(Math.exp(cpu.log), work)]);
  return { log: pace.log, sd: Math.hypot(pace.sd, cpu.sd), weight: Math.min(pace.weight, cpu.weight) };
}

/** The prediction of a sum: the parts' middles add up, their errors do as far as they err together. */
function summed(parts: LogPrediction[]): LogPrediction {
  const total = parts.reduce((sum, { log }) => sum + Math.exp(log), 0);
  const errors = parts.map(({ log, sd }) => (Math.exp(log) / total) * sd);
  const all = errors.reduce((sum, e) => sum + e, 0);
  const apart = errors.reduce((sum, e) => sum + e ** 2, 0);
  return {
    log: Math.log(total),
    sd: Math.sqrt(together * all ** 2 + (1 - together) * apart),
    weight: Math.min(...parts.map(({ weight }) => weight)),
  };
}

function predicted(model: CostModel, works: readonly TrainingWork[], quantity: Quantity): Interval {
  if (quantity === "memory") return intervalOf(predict(model.memory, memoryTerms(works)));
  return intervalOf(summed(works.map((work) => cpuOf(model, work))));
}

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
  const cpuSeconds = predicted(model, works, "cpu");
  const memoryMb = predicted(model, works, "memory");
  const seconds = intervalOf(summed(works.map((work) => secondsOf(model, work))));
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

const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

/** Replays the last `last` runs (oldest first) against what was known before each; the error that estimates show. */
export function replay(runs: readonly PastRun[], speed: MachineSpeed, quantity: Quantity, last = 20): Replay {
  const from = Math.max(0, runs.length - last);
  const scored = runs.slice(from).flatMap((run, i) => {
    const actual = quantity === "cpu" ? run.reduce((sum, part) => sum + part.cpuSeconds, 0) : peakOf(run);
    if (actual <= 0) return [];
    const { low, mid, high } = predicted(calibrate(runs.slice(0, from + i), speed), run, quantity);
    return [{ error: Math.abs(mid - actual) / actual, inside: low <= actual && actual <= high }];
  });
  if (scored.length === 0) return { runs: 0, medianError: null, covered: null };
  return {
    runs: scored.length,
    medianError: median(scored.map(({ error }) => error)),
    covered: scored.filter(({ inside }) => inside).length / scored.length,
  };
}
