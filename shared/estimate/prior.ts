import { seededRandom } from "../random.ts";
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
 * of the two operations, fitted to 52 runs of six or seven candidates each on generated data whose boosting rounds were
 * counted, on a 2-core x86-64 server with gather 1.04 ns and multiply 0.79 ns: 300 to 22,000 rows, 3 to 30 number columns,
 * 0 to 7 categories, 5 folds; half of them binary (8 to 50 % positive), a third numbers, the rest 3 or 4 classes, with noise
 * of 0.2 to 4 times what the columns say; then taken down by a third, which is by how much runs on the same server were
 * dearer while others used it. `noise` is what candidates differed by where the rounds are known.
 */
export function cpuPrior(algorithm: Algorithm, { gatherNs, multiplyNs }: MachineSpeed): AdditivePrior {
  const gather = gatherNs * 1e-9;
  const multiply = multiplyNs * 1e-9;
  const times = (unit: number, parts: Expected[]): Expected[] => parts.map(([many, factor]) => [many * unit, factor]);
  switch (algorithm) {
    case "xgboost":
      return priorFrom(
        times(gather, [
          [8e7, 2],
          [20, 2],
          [0.65, 1.8],
          [4.5, 1.8],
          [26, 1.8],
        ]),
        0.25,
      );
    case "random_forest":
      return priorFrom(
        times(gather, [
          [5e7, 2],
          [20, 2],
          [0.7, 1.8],
          [3.5, 1.8],
          [130, 1.8],
        ]),
        0.3,
      );
    case "linear":
      return priorFrom(
        times(multiply, [
          [1.5e8, 2],
          [350, 2],
          [2.3, 1.8],
          [0.23, 1.8],
        ]),
        0.35,
      );
    default:
      return priorFrom(
        times(gather, [
          [1.5e7, 2],
          [3000, 2],
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
