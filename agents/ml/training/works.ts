import type { FinishedRun } from "@muster/shared/domain/estimate.ts";
import { parametersOf, type RaceShape, workOf } from "./candidate-facts.ts";
import type { TrainResult } from "./job.ts";

type Took = Pick<TrainResult["board"][number], "cpuSeconds" | "seconds">;

/**
 * What each candidate that finished took, for estimates to learn from. What belongs to no candidate alone (reading, the
 * audit, the test of an ensemble, the refit) is shared by what each took itself: which one is refitted isn't known
 * beforehand. The parts add up to the run where none was skipped; the peak of memory is the run's.
 */
export function worksOf(result: TrainResult, shape: Omit<RaceShape, "threads">, seconds: number): FinishedRun[] {
  const raced = result.board.flatMap(({ params, ...row }) =>
    params.algorithm === "ensemble" ? [] : [{ ...row, params }],
  );
  const ran = raced.filter(({ skipped }) => skipped === null);
  const sum = (rows: readonly Took[], of: (row: Took) => number) => rows.reduce((total, row) => total + of(row), 0);
  const shared = (total: number, of: (row: Took) => number) => {
    const rest = Math.max(0, total - sum(raced, of));
    const own = sum(ran, of);
    return (row: Took) => of(row) + rest * (own > 0 ? of(row) / own : 1 / ran.length);
  };
  const cpuOf = shared(result.cpuSeconds, (row) => row.cpuSeconds);
  const secondsOf = shared(seconds, (row) => row.seconds);
  return ran.map((row) => ({
    ...workOf(row.params.algorithm, parametersOf(row.params), { ...shape, threads: result.threads }),
    cpuSeconds: cpuOf(row),
    seconds: secondsOf(row),
    peakMemoryMb: result.peakMemoryMb,
    ...(row.rounds !== null && { keptRounds: row.rounds }),
  }));
}
