import type { FinishedRun, TrainingWork } from "@muster/shared/domain/estimate.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { workTerms } from "./work.ts";

/** A made-up machine's true coefficients, of `workTerms`, in CPU-seconds and MB; for tests, where the truth is known. */
export type TrueCosts = Record<"xgboost" | "random_forest" | "linear", { cpu: number[]; memory: number[] }>;

const dot = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

/** Work of the sizes people have: 300 to 300,000 rows, 4 to 120 columns, evenly by order of magnitude. */
export function generatedWork(random: () => number): TrainingWork {
  const between = (low: number, high: number) => Math.round(low * (high / low) ** random());
  const algorithm = (["xgboost", "random_forest", "linear"] as const)[Math.floor(random() * 3)]!;
  const rounds = algorithm === "linear" ? between(4, 30) : between(30, 500);
  const folds = [1, 3, 5][Math.floor(random() * 3)]!;
  return {
    algorithm,
    rows: between(300, 300_000),
    columns: between(4, 120),
    rounds,
    folds,
    threads: 1 + Math.floor(random() * 2),
  };
}

/**
 * Runs on that machine: the true costs with log-normal noise (15 % CPU, 8 % memory), and one in twenty that had the
 * bad luck to take twice the CPU. Same seed, same runs.
 */
export function generatedRuns(count: number, truth: TrueCosts, seed: number): FinishedRun[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const work = generatedWork(random);
    const { cpu, memory } = workTerms(work);
    const costs = truth[work.algorithm as keyof TrueCosts];
    const unlucky = random() < 0.05 ? 2 : 1;
    const cpuSeconds = dot(costs.cpu, cpu) * Math.exp(0.15 * normal(random)) * unlucky;
    const peakMemoryMb = dot(costs.memory, memory) * Math.exp(0.08 * normal(random));
    return { ...work, cpuSeconds, peakMemoryMb, seconds: (cpuSeconds / work.threads) * 1.3 };
  });
}
