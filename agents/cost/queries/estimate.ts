import type { Interval } from "@muster/shared/domain/estimate.ts";
import {
  type AdditiveModel,
  type AdditivePrior,
  fitAdditive,
  intervalOf,
  predict,
} from "@muster/shared/estimate/fit-additive.ts";
import type { QueryKind } from "./kinds.ts";
import type { MeasuredQuery } from "./store.ts";

const scale = (values: readonly number[]): number[] => values.map(Math.log);

/**
 * What is believed of a query's CPU-seconds before it was measured, on any machine of these years: a millisecond to begin,
 * and nanoseconds a cell; it may well be off by a factor of five.
 */
const coefficients: Record<QueryKind, number[]> = {
  scan: [2e-3, 4e-9, 2e-8, 1e-12],
  profile: [4e-3, 2e-7, 8e-8, 1e-12],
  join: [4e-3, 1e-8, 3e-8, 1e-7],
  materialize: [5e-3, 4e-8, 5e-8, 1e-12],
};
const priorOf = (kind: QueryKind): AdditivePrior => ({
  log: scale(coefficients[kind]),
  spread: coefficients[kind].map(() => Math.log(5)),
  noise: 0.4,
  weight: 4,
});
/** Seconds by the clock for a CPU-second: two threads at most, and the disk. */
const pacePrior: AdditivePrior = { log: scale([0.8]), spread: [Math.log(2)], noise: 0.3, weight: 4 };

/** What a kind of query costs on this machine, as its measurements say. */
export type QueryModel = { cpu: AdditiveModel; pace: AdditiveModel; measured: number };

export const fitQueries = (kind: QueryKind, measured: readonly MeasuredQuery[]): QueryModel => ({
  cpu: fitAdditive(
    measured.map(({ terms, cpuSeconds }) => ({ terms, y: cpuSeconds })),
    priorOf(kind),
  ),
  pace: fitAdditive(
    measured
      .filter(({ cpuSeconds }) => cpuSeconds > 0)
      .map(({ cpuSeconds, seconds }) => ({ terms: [cpuSeconds], y: seconds })),
    pacePrior,
  ),
  measured: measured.length,
});

/** CPU-seconds and seconds of a query by its terms, each with a 90 % interval. */
export function estimateOf({ cpu, pace }: QueryModel, terms: number[]): { cpuSeconds: Interval; seconds: Interval } {
  const work = predict(cpu, terms);
  const clock = predict(pace, [Math.exp(work.log)]);
  return {
    cpuSeconds: intervalOf(work),
    seconds: intervalOf({
      log: clock.log,
      sd: Math.hypot(work.sd, clock.sd),
      weight: Math.min(work.weight, clock.weight),
    }),
  };
}
