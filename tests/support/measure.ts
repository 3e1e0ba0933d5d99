import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { quantile } from "@muster/shared/stats/quantile.ts";

/** What a bench came to: figures by name with their unit in it, a case a measured row, and the machine it ran on. */
export type BenchReport = {
  name: string;
  figures: Record<string, number | string | null>;
  cases: Record<string, unknown>[];
  machine: Machine;
};

/** A bench: `muster bench <name>` runs it. What it can't run without is told by a fault. */
export type Bench = { name: string; does: string; run: () => Promise<Omit<BenchReport, "name" | "machine">> };

/** The machine of a measurement; `load` are the averages over 1, 5 and 15 minutes when it began. */
export type Machine = { cpu: string; cores: number; memoryGb: number; node: string; load: number[] };

/** Describes this machine. */
export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  load: loadavg().map((one) => Math.round(one * 100) / 100),
});

/** Milliseconds that each of `calls` calls took, one after the other. */
export async function timings(calls: number, call: (i: number) => Promise<unknown>): Promise<Float64Array> {
  const ms = new Float64Array(calls);
  for (let i = 0; i < calls; i++) {
    const from = performance.now();
    await call(i);
    ms[i] = performance.now() - from;
  }
  return ms;
}

/** Calls per second with `inFlight` calls at once, over `calls` calls. */
export async function throughput(
  calls: number,
  inFlight: number,
  call: (i: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let i = next++; i < calls; i = next++) await call(i);
    }),
  );
  return calls / ((performance.now() - from) / 1000);
}

/** The q-quantile of measurements, in their unit. */
export const at = (ms: Float64Array, q: number): number => quantile(Float64Array.from(ms).sort(), q);

/** The median of a few numbers. */
export const median = (values: readonly number[]): number => at(Float64Array.from(values), 0.5);

/** A number with four significant digits: more would only be noise. */
export const round = (value: number): number => Number(value.toPrecision(4));
