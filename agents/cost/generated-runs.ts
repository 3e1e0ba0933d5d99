import type { FinishedRun, TrainingWork } from "@muster/shared/domain/estimate.ts";
import { reaching } from "@muster/shared/estimate/stopping.ts";
import { memoryTerms, workTerms } from "@muster/shared/estimate/work.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";

/** A made-up machine's true coefficients, of `workTerms`, in CPU-seconds and MB; for tests, where the truth is known. */
export type TrueCosts = Record<"xgboost" | "random_forest" | "linear", number[]> & { memory: number[] };

const dot = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

/** Candidates of a size people have: 300 to 300,000 rows, 4 to 120 columns, evenly by order of magnitude. */
export function generatedWorks(random: () => number): TrainingWork[] {
  const between = (low: number, high: number) => Math.round(low * (high / low) ** random());
  const rows = between(300, 300_000);
  const columns = between(4, 120);
  const folds = [2, 3, 5][Math.floor(random() * 3)]!;
  const task = (["binary", "regression"] as const)[Math.floor(random() * 2)]!;
  const data = {
    ...{ task, classes: task === "binary" ? 2 : 0, rarest: task === "binary" ? 0.5 * random() : null },
    ...{ indicators: Math.floor(columns * random()), passes: folds - 1 },
  };
  const shape = { rows, columns, folds, data, threads: 1 + Math.floor(random() * 2) };
  const trees = { minChildWeight: 1, subsample: 0.8, maxBins: 64 };
  const boosted = { ...trees, learningRate: 0.1, patience: 25 };
  return [
    { ...shape, algorithm: "linear", rounds: 96, parameters: { penalties: "1,0.1,0.01,0.001", iterations: 96 } },
    { ...shape, algorithm: "xgboost", rounds: 400, parameters: { ...boosted, maxDepth: 3 } },
    { ...shape, algorithm: "xgboost", rounds: 800, parameters: { ...boosted, learningRate: 0.05, maxDepth: 9 } },
    { ...shape, algorithm: "random_forest", rounds: 100, parameters: { ...trees, maxDepth: between(6, 16) } },
  ];
}

/**
 * Runs on that machine: the true costs with log-normal noise (20 % of each candidate's CPU, 15 % of the run's, 8 % of its
 * memory), boosting that stops after 5 to 100 in learning rate × depth as the data of the run want it, and one run in
 * twenty that had the bad luck to take twice the CPU. Same seed, same runs.
 */
export function generatedRuns(count: number, truth: TrueCosts, seed: number): FinishedRun[][] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const works = generatedWorks(random);
    const all = (random() < 0.05 ? 2 : 1) * Math.exp(0.15 * normal(random));
    const peakMemoryMb = dot(truth.memory, memoryTerms(works)) * Math.exp(0.08 * normal(random));
    const reach = 22 * Math.exp(0.75 * normal(random));
    return works.map((plain) => {
      const work = reaching(plain, reach * Math.exp(0.15 * normal(random)));
      const cost = dot(truth[work.algorithm as "linear"], workTerms(work).cpu);
      const cpuSeconds = cost * all * Math.exp(0.2 * normal(random));
      return { ...work, cpuSeconds, peakMemoryMb, seconds: (cpuSeconds / work.threads) * 1.3 };
    });
  });
}
