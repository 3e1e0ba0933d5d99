import type { CandidateParams, CvMetric, MetricName } from "./job.ts";
import { direction, summarise } from "./metrics.ts";

/** A finished candidate as the choice sees it. */
export type Ranked = { name: string; algorithm: CandidateParams["algorithm"]; cv: CvMetric };

/** Which candidate is taken, why, and whether it beats the constant by more than one standard error. */
export type Choice = { name: string; reason: string; beatsConstant: boolean };

/**
 * Takes the best mean over folds, but a linear model instead of trees where its paired difference per fold to the best is
 * at most one standard error: it is smaller, and its reasons are exact. The constant is a yardstick and never taken
 * while another candidate has finished.
 */
export function chooseCandidate(ranked: Ranked[], metric: MetricName): Choice | null {
  const sign = direction(metric);
  const models = ranked.filter(({ algorithm }) => algorithm !== "constant");
  const [best] = models.toSorted((a, b) => sign * (b.cv.mean - a.cv.mean));
  if (!best) return null;
  const constant = ranked.find(({ algorithm }) => algorithm === "constant");
  const simpler = best.algorithm === "linear" ? undefined : models.find(({ algorithm }) => algorithm === "linear");
  const gap = simpler && pairedDifference(best.cv, simpler.cv, sign);
  const taken = simpler && gap?.se != null && gap.mean <= gap.se ? simpler : best;
  const lead = constant && pairedDifference(taken.cv, constant.cv, sign);
  const beatsConstant = !lead || lead.mean > (lead.se ?? 0);
  const reason =
    taken === best
      ? `best mean ${metric} over folds`
      : `simpler than ${best.name}, whose lead of ${gap!.mean.toPrecision(2)} is within one standard error (${gap!.se!.toPrecision(2)})`;
  return {
    name: taken.name,
    reason: beatsConstant ? reason : `${reason}; no better than the constant baseline`,
    beatsConstant,
  };
}

/** Mean and standard error over folds of how much better a is than b. */
function pairedDifference(a: CvMetric, b: CvMetric, sign: 1 | -1): CvMetric {
  return summarise(
    a.folds.map((value, fold) => {
      const other = b.folds[fold];
      return value === null || other == null ? null : sign * (value - other);
    }),
  );
}
