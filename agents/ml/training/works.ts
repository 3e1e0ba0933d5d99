import type { FinishedRun } from "@muster/shared/domain/estimate.ts";
import { parametersOf, type RaceShape, workOf } from "./candidate-facts.ts";
import type { TrainResult } from "./job.ts";

/**
 * What each candidate that finished took, for estimates to learn from. What belongs to no candidate alone (reading, the
 * audit, the refit) counts for the chosen one, so that the parts add up to the run; the peak of memory is the run's.
 */
export function worksOf(result: TrainResult, shape: Omit<RaceShape, "threads">, seconds: number): FinishedRun[] {
  const ran = result.board.filter((row) => row.skipped === null);
  const sum = (of: (row: TrainResult["board"][number]) => number) =>
    result.board.reduce((total, row) => total + of(row), 0);
  const restCpu = Math.max(0, result.cpuSeconds - sum((row) => row.cpuSeconds));
  const restSeconds = Math.max(0, seconds - sum((row) => row.seconds));
  return ran.map(({ algorithm, params, cpuSeconds, seconds: own, chosen }) => ({
    ...workOf(algorithm, parametersOf(params), { ...shape, threads: result.threads }),
    cpuSeconds: cpuSeconds + (chosen ? restCpu : 0),
    seconds: own + (chosen ? restSeconds : 0),
    peakMemoryMb: result.peakMemoryMb,
  }));
}
