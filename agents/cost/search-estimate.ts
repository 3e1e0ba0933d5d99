import type { Estimate, Interval, Prices, TrainingWork } from "@muster/shared/domain/estimate.ts";
import type { CostModel } from "@muster/shared/estimate/calibrate.ts";
import { expectedCpuSeconds, expectedMemoryMb, expectedSeconds } from "@muster/shared/estimate/expected.ts";
import { usd } from "./price.ts";

/** What a search runs on: `columns` of the design matrix. */
export type SearchShape = { rows: number; columns: number; folds: number; problem: string };

/** Settings in the middle of what is searched: their cost stands for that of all. */
const middles: Pick<TrainingWork, "algorithm" | "rounds" | "parameters">[] = [
  { algorithm: "xgboost", rounds: 300, parameters: { maxDepth: 6, rounds: 300, parallelTrees: 1, patience: 25 } },
  { algorithm: "random_forest", rounds: 150, parameters: { maxDepth: 12, rounds: 1, parallelTrees: 150 } },
];
const linear: (typeof middles)[number] = { algorithm: "linear", rounds: 96, parameters: { iterations: 96 } };
/** Of all folds, what successive halving scores for a setting: about half. */
const scoredShare = 0.5;

/**
 * What a search over so many settings takes, with the training of what it finds: each setting at half of what its training
 * over all folds would (most are dropped early), the linear model, and a training of the best ones. One thread a setting.
 */
export function estimateSearch(model: CostModel, trials: number, shape: SearchShape, prices: Prices): Estimate {
  const { rows, columns, folds, problem } = shape;
  const work = (one: (typeof middles)[number]): TrainingWork => ({
    ...{ ...one, rows: Math.max(1, rows), columns: Math.max(1, columns), folds, threads: 1, problem },
  });
  const each = middles.map(work);
  const all = [...each, work(linear)];
  const cpu = sum(
    scaled(expectedCpuSeconds(model, each), (scoredShare * trials) / each.length),
    scaled(expectedCpuSeconds(model, all), 2),
  );
  const seconds = sum(
    scaled(expectedSeconds(model, each), (scoredShare * trials) / each.length),
    scaled(expectedSeconds(model, all), 2),
  );
  const memoryMb = expectedMemoryMb(model, all);
  const money = (end: keyof Interval): number =>
    usd(prices, { cpuSeconds: cpu[end], memoryMb: memoryMb[end], seconds: seconds[end] });
  return {
    ...{ cpuSeconds: cpu, seconds, memoryMb, usd: { low: money("low"), mid: money("mid"), high: money("high") } },
    basedOn: { runs: model.runs, prior: all.some(({ algorithm }) => !model.parts.get(algorithm)), error: null },
  };
}

const scaled = ({ low, mid, high }: Interval, by: number): Interval => ({
  low: low * by,
  mid: mid * by,
  high: high * by,
});
const sum = (a: Interval, b: Interval): Interval => ({ low: a.low + b.low, mid: a.mid + b.mid, high: a.high + b.high });
