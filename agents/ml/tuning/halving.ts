/** A share of one in so many goes on to the next rung. */
export const eta = 3;

/** Validation rows that a first comparison should rest on: fewer tell settings apart by luck. */
const leastRows = 500;

/**
 * The rungs of successive halving (Jamieson & Talwalkar 2016) with folds as the resource: how many folds are scored up to
 * each rung, rising by `eta`, the last one all of them (a rung of more than half of them would save little). The first has
 * at least 500 validation rows where that many folds exist. Scores of a rung are of the same folds for everyone, so that they are paired.
 */
export function rungsOf(folds: number, rows: number): number[] {
  const first = Math.min(folds, Math.max(1, Math.ceil((leastRows * folds) / Math.max(1, rows))));
  const rungs = [first];
  while (rungs.at(-1)! * eta <= folds / 2) rungs.push(rungs.at(-1)! * eta);
  if (rungs.at(-1)! < folds) rungs.push(folds);
  return rungs;
}

/** The best 1/eta of those that were scored (at least one), in their order; equal ones: the earlier. Scores: more is better, null: failed. */
export function promoted<T>(scored: readonly { of: T; score: number | null }[]): T[] {
  const ranked = scored
    .flatMap(({ of, score }, at) => (score === null ? [] : [{ of, score, at }]))
    .toSorted((a, b) => b.score - a.score || a.at - b.at);
  return ranked
    .slice(0, Math.max(1, Math.ceil(scored.length / eta)))
    .toSorted((a, b) => a.at - b.at)
    .map(({ of }) => of);
}
