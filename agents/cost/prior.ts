import { seededRandom } from "@muster/shared/random.ts";
import type { AdditivePrior } from "./fit-additive.ts";
import type { Algorithm } from "./work.ts";

/**
 * How fast this machine is at the two things training does.
 * `gatherNs`: adding a value to a histogram at a place read from memory (trees). `multiplyNs`: a float64 multiply-add
 * (linear models). Nanoseconds per operation, on one thread.
 */
export type MachineSpeed = { gatherNs: number; multiplyNs: number };

const size = 1 << 18;
const repeats = 9;

function gather(bins: Uint8Array, values: Float32Array, histogram: Float64Array): void {
  for (let i = 0; i < bins.length; i++) histogram[bins[i]!]! += values[i]!;
}
function multiply(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Nanoseconds per operation: the median of several goes, so that one interruption does not count. */
function timed(clock: () => number, work: () => void): number {
  work();
  const elapsed = Array.from({ length: repeats }, () => {
    const start = clock();
    for (let go = 0; go < 4; go++) work();
    return clock() - start;
  }).sort((a, b) => a - b);
  return (elapsed[repeats >> 1]! * 1e6) / (4 * size);
}

/**
 * Measures the machine with a small fixed workload, about 50 ms. `clock` gives milliseconds.
 * A clock too coarse to see the work gives the smallest time it can tell apart, never 0.
 */
export function measureSpeed(clock: () => number): MachineSpeed {
  const random = seededRandom(1);
  const bins = Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
  const values = Float32Array.from({ length: size }, () => random());
  const histogram = new Float64Array(256);
  const a = Float64Array.from(values);
  let kept = 0;
  const gatherNs = timed(clock, () => gather(bins, values, histogram));
  const multiplyNs = timed(clock, () => {
    kept += multiply(a, a);
  });
  // The sums are looked at, or the engine would be free to leave the work out.
  const floor = kept + histogram[0]! > 0 ? 0.01 : 0.02;
  return { gatherNs: Math.max(gatherNs, floor), multiplyNs: Math.max(multiplyNs, floor) };
}

/** A part of a cost before any run: the expected coefficient and the factor it may well be off by, either way. */
type Expected = [coefficient: number, factor: number];

const priorFrom = (parts: Expected[], noise: number): AdditivePrior => ({
  log: parts.map(([coefficient]) => Math.log(coefficient)),
  spread: parts.map(([, factor]) => Math.log(factor)),
  noise,
  weight: 4,
});

/**
 * What the parts of `workTerms` cost in CPU-seconds on a machine of some speed before it has finished a run: multiples
 * of the two operations, fitted to 17 runs (500 to 200,000 rows, 5 to 100 columns) of the engines on a 2-core x86-64
 * server, where the sums were within 30 % of nearly all runs. The first part is the start of a process.
 */
export function cpuPrior(algorithm: Algorithm, { gatherNs, multiplyNs }: MachineSpeed): AdditivePrior {
  const gather = gatherNs * 1e-9;
  const multiply = multiplyNs * 1e-9;
  const start: Expected = [8e7 * gather, 3];
  switch (algorithm) {
    case "xgboost":
      return priorFrom([start, [7.5e4 * gather, 2], [5.5 * gather, 2]], 0.3);
    case "random_forest":
      return priorFrom([start, [6e4 * gather, 2.5], [88 * gather, 2]], 0.3);
    case "linear":
      return priorFrom([start, [7 * multiply, 2.5], [0.32 * multiply, 2.5]], 0.3);
    default:
      return priorFrom([start, [100 * gather, 4]], 0.3);
  }
}

/** The same for peak memory in MB: an engine's process and, per cell, its copies of the matrix. */
export function memoryPrior(algorithm: Algorithm): AdditivePrior {
  const start: Expected = [100, 1.5];
  switch (algorithm) {
    case "xgboost":
      return priorFrom([start, [2.2e-5, 2], [5e-7, 4]], 0.2);
    case "random_forest":
      return priorFrom([start, [2.2e-5, 2], [7.5e-5, 2.5]], 0.2);
    default:
      return priorFrom([start, [1.2e-5, 2]], 0.2);
  }
}

/** Wall-clock seconds per CPU-second and thread: 1 when every thread is busy all the time; waiting makes it more. */
export const pacePrior: AdditivePrior = priorFrom([[1.2, 1.5]], 0.25);
