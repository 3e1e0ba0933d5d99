import type { TrainProgress } from "./job.ts";

/** Shares of a training at which its stages begin; a measured guess: the race takes nearly all of it. */
const raceFrom = 0.05;
const refitFrom = 0.85;

/** How far a training is (0..1) and what it does, from what it tells; `names` are its candidates in their order. */
export function shareOf(told: TrainProgress, names: readonly string[]): [share: number, note: string] {
  const { stage, candidate, fold, folds, round, rounds } = told;
  const within = round !== null && rounds ? round / rounds : 0;
  if (stage === "read") return [0.01, "reading the training file"];
  if (stage === "audit") return [0.03, "looking for columns that must be left out"];
  if (stage === "refit") return [refitFrom + 0.1 * within, `fitting ${candidate} on every row`];
  const done = Math.max(0, names.indexOf(candidate ?? "")) + ((fold ?? 0) + within) / Math.max(1, folds);
  const share = raceFrom + ((refitFrom - raceFrom) * done) / Math.max(1, names.length);
  return [share, `${candidate}: fold ${(fold ?? 0) + 1} of ${folds}`];
}
