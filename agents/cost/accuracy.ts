import type { Interval } from "@muster/shared/domain/estimate.ts";
import { z } from "zod";
import { median } from "./estimate.ts";
import type { Forecast } from "./ledger/store.ts";

const Figure = z.object({
  /** Median of |estimate − actual| ÷ actual; null without a run. */
  medianAbsoluteError: z.number().nullable(),
  /** Share of runs whose actual lay inside the 90 % interval. */
  covered: z.number().nullable(),
});

/** How good the estimates were that finished runs had been given beforehand. */
export const Accuracy = z.object({ runs: z.number().int(), cpuSeconds: Figure, peakMemoryMb: Figure });
export type Accuracy = z.infer<typeof Accuracy>;

function figure(pairs: readonly { said: Interval; actual: number }[]): z.infer<typeof Figure> {
  const counted = pairs.filter(({ actual }) => actual > 0);
  if (counted.length === 0) return { medianAbsoluteError: null, covered: null };
  const errors = counted.map(({ said, actual }) => Math.abs(said.mid - actual) / actual);
  const inside = counted.filter(({ said, actual }) => said.low <= actual && actual <= said.high);
  return { medianAbsoluteError: median(errors), covered: inside.length / counted.length };
}

/** The error and the coverage of estimates as they were given, over the runs that they were given for. */
export const accuracyOf = (forecasts: readonly Forecast[]): Accuracy => ({
  runs: forecasts.length,
  cpuSeconds: figure(forecasts.map(({ estimate, cpuSeconds }) => ({ said: estimate.cpuSeconds, actual: cpuSeconds }))),
  peakMemoryMb: figure(
    forecasts.map(({ estimate, peakMemoryMb }) => ({ said: estimate.memoryMb, actual: peakMemoryMb })),
  ),
});
