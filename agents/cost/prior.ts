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
const repeats = 50;

function gather(bins: Uint8Array, values: Float32Array, histogram: Float64Array): void {
  for (let i = 0; i < bins.length; i++) histogram[bins[i]!]! += values[i]!;
}
function multiply(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * Nanoseconds per operation: the least of several goes, since others who use the machine (as while a swarm starts) only
 * ever make one slower; each is short enough to go undisturbed.
 */
function timed(clock: () => number, work: () => void): number {
  work();
  const elapsed = Array.from({ length: repeats }, () => {
    const start = clock();
    work();
    return clock() - start;
  });
  return (Math.min(...elapsed) * 1e6) / size;
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

/** What priors rest on, as degrees of freedom: dozens of runs, but of one machine and of made-up data. */
const weight = 8;

const priorFrom = (parts: Expected[], noise: number): AdditivePrior => ({
  log: parts.map(([coefficient]) => Math.log(coefficient)),
  spread: parts.map(([, factor]) => Math.log(factor)),
  ...{ noise, weight },
});

/**
 * What the parts of `workTerms` cost in CPU-seconds on a machine of some speed before it has finished a run: multiples
 * of the two operations, fitted to 24 runs of six or seven candidates each on generated data, on a 2-core x86-64 server with
 * gather 1.04 ns and multiply 0.79 ns: 500 to 100,000 rows, 8 to 45 number columns (continuous or counts), 0 to 12
 * categories, 2 to 5 folds; 14 binary labels (3 to 50 % positive), 7 numbers, 3 of 3 or 4 classes, with noise of 0.3 to 3
 * times the strongest weight. Most runs were within a factor of 1.5 of their sums, the worst (its boosting hardly
 * stopped early) of 2.6; `noise` is what candidates differed by.
 */
export function cpuPrior(algorithm: Algorithm, { gatherNs, multiplyNs }: MachineSpeed): AdditivePrior {
  const gather = gatherNs * 1e-9;
  const multiply = multiplyNs * 1e-9;
  const times = (unit: number, parts: Expected[]): Expected[] => parts.map(([many, factor]) => [many * unit, factor]);
  switch (algorithm) {
    case "xgboost":
      return priorFrom(
        times(gather, [
          [3.8e7, 2],
          [27, 2],
          [0.68, 1.6],
          [2.6, 1.6],
          [32, 1.6],
        ]),
        0.45,
      );
    case "random_forest":
      return priorFrom(
        times(gather, [
          [7.9e7, 2],
          [32, 2],
          [0.85, 1.6],
          [2.9, 1.6],
          [110, 1.6],
        ]),
        0.32,
      );
    case "linear":
      return priorFrom(
        times(multiply, [
          [1.2e8, 2],
          [435, 2],
          [2.1, 1.6],
          [0.25, 1.6],
        ]),
        0.35,
      );
    default:
      return priorFrom(
        times(gather, [
          [1.5e7, 2],
          [2300, 2],
        ]),
        0.5,
      );
  }
}

/** The same for a run's peak memory in MB, from the same runs (162 to 685 MB, nearly all within 15 %, the largest 1.5 times too high): an engine's process and its copies. */
export const memoryPrior: AdditivePrior = priorFrom(
  [
    [173, 1.2],
    [2.6e-5, 2],
    [3e-5, 2],
    [1.4e-5, 2],
  ],
  0.12,
);

/** Wall-clock seconds per CPU-second and thread: 1 when every thread is busy all the time; waiting makes it more. */
export const pacePrior: AdditivePrior = priorFrom([[1.2, 1.5]], 0.25);
