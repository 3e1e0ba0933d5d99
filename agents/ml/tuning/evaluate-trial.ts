import { takeRows } from "../encode.ts";
import { takeLabels } from "../labels.ts";
import { probabilitiesOf, servedClasses } from "../score.ts";
import { fitCandidate } from "../training/fit-candidate.ts";
import type { CostMatrix, MetricName, ProposedParams } from "../training/job.ts";
import { direction, measure } from "../training/metrics.ts";
import type { RaceContext, RaceData } from "../training/race.ts";
import { seedOf } from "../training/seed-of.ts";

/** What scoring a trial needs of a race's context. */
export type TrialContext = Pick<RaceContext, "xgboost" | "threads" | "seed" | "options" | "breathe"> & {
  /** The price of a wrong answer of each kind; null or absent: the likeliest class is the one served. */
  costs?: CostMatrix | null;
  /** Called often; throws to end the trial. */
  check: () => void;
};

/**
 * The scores of a setting on some folds (from `from` up to, not including, `to`), more is better, null where the metric
 * isn't defined on a fold. Fitted on the rest of each fold exactly as a race does, under the same options. Answers aren't
 * calibrated (settings are compared, nothing is reported of them): of two classes weights are taken back by their log ratio
 * (King and Zeng 2001, prior correction), which is what a race's calibration finds; the class served is the likeliest one, or
 * with costs that of the least expected cost (Elkan 2001).
 */
export async function scoreTrial(
  { columns, labels, plan }: RaceData,
  { params, from, to }: { params: ProposedParams; from: number; to: number },
  metric: MetricName,
  { xgboost, threads, seed, options, costs, breathe, check }: TrialContext,
): Promise<(number | null)[]> {
  const scores: (number | null)[] = [];
  // What comes last is most like what is to be predicted, and has the most to learn from: of time it is scored first.
  const splits = plan.kind === "time" ? plan.splits.toReversed() : plan.splits;
  for (const [i, { train, valid }] of splits.slice(from, to).entries()) {
    await breathe();
    check();
    // The same seed for every setting of a fold: they differ by their parameters alone.
    const own = seedOf(seed, "trial", from + i);
    const fitted = fitCandidate(
      { name: params.algorithm, params },
      takeRows(columns, train),
      takeLabels(labels, train),
      { xgboost, threads, seed: own, options, inner: (count) => plan.inner(train, count, own), onStep: check },
    );
    try {
      const said = fitted.margins(takeRows(columns, valid));
      // The constant isn't weighted.
      const margins = params.algorithm === "constant" ? said : unweighted(said, options);
      const prediction = labels.task === "regression" ? margins : probabilitiesOf(margins, { kind: "none" });
      const served = labels.task === "regression" ? null : servedClasses(prediction, leastCost(costs));
      const truth = Float64Array.from(valid, (row) => labels.values[row]!);
      const value = measure(metric, labels.task, { labels: truth, prediction, served });
      scores.push(value === null ? null : direction(metric) * value);
    } finally {
      fitted.free();
    }
  }
  return scores;
}

/** Margins as if every row had counted the same; those of two classes alone. */
function unweighted(margins: Float64Array[], options: TrialContext["options"]): Float64Array[] {
  const [negative, positive] = options?.classWeights ?? [1, 1];
  if (margins.length > 1 || options?.classWeights == null) return margins;
  const shift = Math.log(positive! / negative!);
  return margins.map((margin) => margin.map((value) => value - shift));
}

/** The probability from which saying yes costs less; null without prices. */
function leastCost(costs: CostMatrix | null | undefined): number | null {
  const both = costs ? costs.falsePositive + costs.falseNegative : 0;
  return both > 0 ? costs!.falsePositive / both : null;
}
