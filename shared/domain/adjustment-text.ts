import { short } from "../number-text.ts";
import type { Adjustment } from "./model.ts";

/** An adjustment in words: what was changed, why, and what it cost. */
export function adjustmentText({ what, from, to, why, score, unmeasured }: Adjustment): string {
  const cause = `${why.rows} rows × ${why.columns} columns took ${Math.round(why.peakMemoryMb)} MB of ${why.limitMb}`;
  const cost = score
    ? what === "sampled"
      ? `${score.metric} ${short(score.without)} with half of these rows, ${short(score.with)} with all of them`
      : `${score.metric} ${short(score.with)} instead of ${short(score.without)} on the same ${score.rows} rows`
    : `its cost in score wasn't measured: ${unmeasured}`;
  return `${cause}, so ${to} instead of ${from} (${cost})`;
}
