import type { Estimate, FinishedRun, Interval, Prices, TrainingWork } from "@muster/shared/domain/estimate.ts";
import { fault } from "@muster/shared/fault.ts";
import { busySeconds, type CostModel, calibrate, type PastRun, peakOf } from "./calibrate.ts";
import { intervalOf, type LogPrediction, predict } from "./fit-additive.ts";
import { equallyLikely, mixed } from "./mixture.ts";
import { usd } from "./price.ts";
import type { MachineSpeed } from "./prior.ts";
import { candidatesApart, reaching, reachOfWork, type Work } from "./stopping.ts";
import { memoryTerms, workTerms } from "./work.ts";

type Quantity = "cpu" | "memory";

/** How much candidates err together: data that make one slow make the others slow too, but not as much. */
const together = 0.5;
/** Equally likely ways in which boosting may stop that are looked at. */
const ways = equallyLikely(15);

/** What an algorithm's candidate takes, by how far boosting reaches; candidates of one run reach a little apart. */
export function cpuOf(model: CostModel, work: Work): LogPrediction {
  const terms = workTerms(work).cpu;
  const found = predict(model.cpu.get(work.algorithm)!, terms);
  if (work.algorithm !== "xgboost") return found;
  const { log } = model.cpu.get("xgboost")!;
  const parts = log.map((l, j) => Math.exp(l) * terms[j]!);
  const share = 1 - (parts[0]! + parts[1]!) / parts.reduce((sum, part) => sum + part, 0);
  return { ...found, sd: Math.hypot(found.sd, candidatesApart * share) };
}

function secondsOf(model: CostModel, work: Work): LogPrediction {
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

/** A sum over candidates, over all the ways in which boosting may stop: they stop late together, since they see the same data. */
function overWays(model: CostModel, works: readonly TrainingWork[], of: typeof cpuOf): Interval {
  if (!works.some(({ algorithm }) => algorithm === "xgboost"))
    return mixed([summed(works.map((work) => of(model, work)))]);
  return mixed(
    ways.map((z) =>
      summed(
        works.map((work) => {
          const { log, sd } = reachOfWork(model.stopping, work);
          return of(model, reaching(work, Math.exp(log + z * sd)));
        }),
      ),
    ),
  );
}

function predicted(model: CostModel, works: readonly TrainingWork[], quantity: Quantity): Interval {
  if (quantity === "memory") return intervalOf(predict(model.memory, memoryTerms(works)));
  return overWays(model, works, cpuOf);
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
  const seconds = overWays(model, works, secondsOf);
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
export function replay(runs: readonly PastRun[], speed: MachineSpeed, quantity: Quantity, last = 20): Replay {
  const from = Math.max(0, runs.length - last);
  const scored = runs.slice(from).flatMap((run, i) => {
    const actual = quantity === "cpu" ? run.reduce((sum, part) => sum + part.cpuSeconds, 0) : peakOf(run);
    if (actual <= 0) return [];
    const { low, mid, high } = predicted(calibrate(runs.slice(0, from + i), speed), run.map(beforehand), quantity);
    return [{ error: Math.abs(mid - actual) / actual, inside: low <= actual && actual <= high }];
  });
  if (scored.length === 0) return { runs: 0, medianError: null, covered: null };
  return {
    runs: scored.length,
    medianError: median(scored.map(({ error }) => error)),
    covered: scored.filter(({ inside }) => inside).length / scored.length,
  };
}
