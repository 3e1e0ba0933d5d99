import type { FinishedRun, TrainingWork } from "../domain/estimate.ts";
import { type AdditiveModel, type AdditivePrior, fitAdditive, type Observation } from "./fit-additive.ts";
import { cpuPrior, type MachineSpeed, memoryPrior, pacePrior } from "./prior.ts";
import { fitStopping, type StoppingModel } from "./stopping.ts";
import { type Algorithm, memoryTerms, workTerms } from "./work.ts";

/** A finished run by its parts: the candidates that were compared, each with its own CPU-seconds, all with the run's peak. */
export type PastRun = readonly FinishedRun[];

/**
 * What is known of costs on this machine: CPU by algorithm, peak memory of a run, pace of the clock, how far boosting goes
 * before it stops; how many parts of runs each algorithm's rests on, and how many runs all do.
 */
export type CostModel = {
  cpu: ReadonlyMap<Algorithm, AdditiveModel>;
  memory: AdditiveModel;
  pace: AdditiveModel;
  stopping: StoppingModel;
  parts: ReadonlyMap<Algorithm, number>;
  runs: number;
};

const algorithms: Algorithm[] = ["xgboost", "random_forest", "linear", "ensemble", "constant"];

/** Parts of runs of one algorithm that are looked at: the newest; engines and machines change. */
const newest = 200;

/** As many imagined runs hold the shift at zero. */
const held = 3;

const expected = (prior: AdditivePrior, terms: number[]): number =>
  prior.log.reduce((sum, l, j) => sum + Math.exp(l) * terms[j]!, 0);

/**
 * By what factor (its logarithm) other algorithms' runs differ from their priors: a machine slower than its benchmark
 * is slower for all. Each counts at most as a factor of four, so that one odd run does not carry over.
 */
function shiftFrom(others: { observation: Observation; prior: AdditivePrior }[]): number {
  const limit = Math.log(4);
  const ratios = others
    .filter(({ observation }) => observation.y > 0)
    .map(({ observation, prior }) => Math.log(observation.y / expected(prior, observation.terms)));
  return ratios.reduce((sum, r) => sum + Math.max(-limit, Math.min(limit, r)), 0) / (ratios.length + held);
}

function fitCpu(runs: readonly FinishedRun[], speed: MachineSpeed): Map<Algorithm, AdditiveModel> {
  const seen = runs.map((run) => ({
    algorithm: run.algorithm,
    observation: { terms: workTerms(run).cpu, y: run.cpuSeconds },
    prior: cpuPrior(run.algorithm, speed),
  }));
  return new Map(
    algorithms.map((algorithm) => {
      const own = seen.filter((one) => one.algorithm === algorithm).slice(-newest);
      // A constant takes next to nothing: what it does take says little of the machine.
      const others = seen.filter((one) => one.algorithm !== algorithm && one.algorithm !== "constant");
      const shift = shiftFrom(others.slice(-newest));
      const prior = cpuPrior(algorithm, speed);
      const shifted = { ...prior, log: prior.log.map((l) => l + shift) };
      return [
        algorithm,
        fitAdditive(
          own.map(({ observation }) => observation),
          shifted,
        ),
      ] as const;
    }),
  );
}

/** CPU-seconds over threads: the wall-clock time of a run whose threads never wait. */
export const busySeconds = (cpuSeconds: number, work: TrainingWork): number => cpuSeconds / work.threads;

/** The largest of the parts' peaks of memory (MB): they ran one after another in one process. */
export const peakOf = (run: PastRun): number => Math.max(...run.map(({ peakMemoryMb }) => peakMemoryMb));

/**
 * Calibrates the cost models by robust regression on this installation's finished runs, oldest first, starting from
 * the machine's measured speed. Failed and cancelled runs do not belong in `runs`: their work was not done.
 */
export function calibrate(runs: readonly PastRun[], speed: MachineSpeed): CostModel {
  const parts = runs.flat();
  const clocked = parts.filter((part) => part.seconds !== undefined && part.cpuSeconds > 0).slice(-newest);
  return {
    cpu: fitCpu(parts, speed),
    memory: fitAdditive(
      runs.slice(-newest).map((run) => ({ terms: memoryTerms(run), y: peakOf(run) })),
      memoryPrior,
    ),
    pace: fitAdditive(
      clocked.map((part) => ({ terms: [busySeconds(part.cpuSeconds, part)], y: part.seconds! })),
      pacePrior,
    ),
    stopping: fitStopping(runs.slice(-newest)),
    parts: new Map(algorithms.map((a) => [a, parts.filter(({ algorithm }) => algorithm === a).length])),
    runs: runs.length,
  };
}
