import { quantile } from "@muster/shared/stats/quantile.ts";

/** What a bench or an evaluation came to: figures by name with their unit in it, and a case a measured row. */
export type Measured = { figures: Record<string, number | string | null>; cases: Record<string, unknown>[] };

/** A bench: `muster bench <name>` runs it. What it can't run without is told by a fault. */
export type Bench = { name: string; does: string; run: () => Promise<Measured> };

/** An evaluation against known answers: `muster eval <name>` runs it, `<name>:<part>` one of its parts where it has some. */
export type Evaluation = Omit<Bench, "run"> & { parts?: readonly string[]; run: (part?: string) => Promise<Measured> };

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
