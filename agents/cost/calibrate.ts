import type { FinishedRun, TrainingWork } from "@muster/shared/domain/estimate.ts";
import { type AdditiveModel, type AdditivePrior, fitAdditive, type Observation } from "./fit-additive.ts";
import { cpuPrior, type MachineSpeed, memoryPrior, pacePrior } from "./prior.ts";
import { type Algorithm, workTerms } from "./work.ts";

/** What is known of costs on this machine: a model per algorithm, and how many runs each rests on. */
export type CostModel = {
  cpu: ReadonlyMap<Algorithm, AdditiveModel>;
  memory: ReadonlyMap<Algorithm, AdditiveModel>;
  pace: AdditiveModel;
  runs: ReadonlyMap<Algorithm, number>;
};

const algorithms: Algorithm[] = ["xgboost", "random_forest", "linear", "ensemble", "constant"];

/** Runs of one algorithm that are looked at: the newest; engines and machines change. */
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

function fitAll(
  runs: FinishedRun[],
  priorOf: (algorithm: Algorithm) => AdditivePrior,
  observe: (run: FinishedRun) => Observation,
): Map<Algorithm, AdditiveModel> {
  const seen = runs.map((run) => ({ run, observation: observe(run), prior: priorOf(run.algorithm) }));
  return new Map(
    algorithms.map((algorithm) => {
      const own = seen.filter(({ run }) => run.algorithm === algorithm).slice(-newest);
      const shift = shiftFrom(seen.filter(({ run }) => run.algorithm !== algorithm).slice(-newest));
      const prior = priorOf(algorithm);
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

/**
 * Calibrates the cost models by robust regression on this installation's finished runs, oldest first, starting from
 * the machine's measured speed. Failed and cancelled runs do not belong in `runs`: their work was not done.
 */
export function calibrate(runs: FinishedRun[], speed: MachineSpeed): CostModel {
  const clocked = runs.filter((run) => run.seconds !== undefined && run.cpuSeconds > 0).slice(-newest);
  return {
    cpu: fitAll(
      runs,
      (algorithm) => cpuPrior(algorithm, speed),
      (run) => ({
        terms: workTerms(run).cpu,
        y: run.cpuSeconds,
      }),
    ),
    memory: fitAll(runs, memoryPrior, (run) => ({ terms: workTerms(run).memory, y: run.peakMemoryMb })),
    pace: fitAdditive(
      clocked.map((run) => ({ terms: [busySeconds(run.cpuSeconds, run)], y: run.seconds! })),
      pacePrior,
    ),
    runs: new Map(algorithms.map((a) => [a, runs.filter((run) => run.algorithm === a).length])),
  };
}
