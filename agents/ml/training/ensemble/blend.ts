import { rowsWhere } from "@muster/shared/stats/rows-where.ts";
import type { Calibration } from "../../fitted.ts";
import { type Labels, takeLabels } from "../../labels.ts";
import type { Candidate, MetricName } from "../job.ts";
import { direction } from "../metrics.ts";
import { emptyMargins, type Finished, type HeldOutMargins } from "../race.ts";

/** Weights are tried in steps of a tenth: finer ones aren't told apart by the rows that there are. */
const steps = 10;
/** Rows that a choice of weights looks at, at most. */
const mostRows = 20_000;

/** Candidates put together: how much each one's margin counts, and the margins of the held-out rows. */
export type Blend = { members: { of: Finished<Candidate>; weight: number }[]; held: HeldOutMargins };

/**
 * The best candidate of each algorithm, put together as a weighted mean of calibrated margins (a logarithmic opinion pool:
 * Genest and Zidek 1986; of predicted numbers their mean), with the weights of least log loss or squared error on held-out
 * rows (stacking: Wolpert 1992, Breiman 1996; not negative, adding to 1, in tenths), or more equal ones whose loss is
 * within one standard error of theirs: few rows tell weights apart badly. Each fold's margins are those of weights and calibrations that the other folds chose. Intercepts are left to the calibration of the whole. Null where
 * fewer than two candidates keep a weight. One proposal, not the best of many: a test of it needs no correction.
 */
export function blend(finished: readonly Finished<Candidate>[], labels: Labels, metric: MetricName): Blend | null {
  const best = bestOfEach(finished, metric);
  if (best.length < 2) return null;
  const { fold } = best[0]!.answers;
  const rows = rowsWhere(fold.length, (row) => fold[row]! >= 0);
  const every = Math.max(1, Math.ceil(rows.length / mostRows));
  const looked = rows.filter((_, i) => i % every === 0);
  const scaled = best.map((one) => calibratedMargins(one, looked));
  const truth = takeLabels(labels, looked);
  const tried = simplex(best.length).map((weights) => ({ weights, losses: lossesOf(weights, scaled, truth) }));
  const choose = (keep: (row: number) => boolean) =>
    mostEqual(
      tried,
      rowsWhere(looked.length, (i) => keep(looked[i]!)),
    );
  const byFold = new Map(
    [...new Set(looked.map((row) => fold[row]!))].map((k) => [k, choose((row) => fold[row] !== k)]),
  );
  const held = emptyMargins(labels);
  held.fold.set(fold);
  for (const row of rows)
    for (const [m, weight] of byFold.get(fold[row]!)!.entries()) {
      const { margins, calibrated } = best[m]!.answers;
      const scale = weight * scaleOf(calibrated?.byFold.get(fold[row]!));
      for (const [k, sum] of held.margins.entries()) sum[row]! += scale * margins[k]![row]!;
    }
  const whole = choose(() => true);
  const members = best.flatMap((of, m) =>
    whole[m]! > 0 ? [{ of, weight: whole[m]! * scaleOf(of.answers.calibrated?.calibration) }] : [],
  );
  return members.length < 2 ? null : { members, held };
}

type Tried = { weights: number[]; losses: Float64Array };

/** Of the weights whose loss on some rows is within one standard error of the paired difference to the least, the most equal. */
function mostEqual(tried: readonly Tried[], rows: Int32Array): number[] {
  const total = ({ losses }: Tried) => rows.reduce((sum, i) => sum + losses[i]!, 0);
  const totals = tried.map(total);
  const least = totals.reduce((best, loss, at) => (loss < totals[best]! ? at : best), 0);
  const near = tried.findIndex(({ losses }, at) => {
    const excess = totals[at]! - totals[least]!;
    const mean = excess / rows.length;
    const squares = rows.reduce((sum, i) => sum + (losses[i]! - tried[least]!.losses[i]! - mean) ** 2, 0);
    return excess <= Math.sqrt(squares);
  });
  return tried[near]!.weights;
}

/** The best candidate of each algorithm, of those that are better than the constant. */
function bestOfEach(finished: readonly Finished<Candidate>[], metric: MetricName): Finished<Candidate>[] {
  const sign = direction(metric);
  const scoreOf = ({ row }: Pick<Finished, "row">) => sign * row.cv[metric]!.mean;
  const constant = finished.find(({ row }) => row.algorithm === "constant");
  const best = new Map<string, Finished<Candidate>>();
  for (const one of finished) {
    const { algorithm } = one.row;
    const before = best.get(algorithm);
    if (constant && scoreOf(one) > scoreOf(constant) && (!before || scoreOf(one) > scoreOf(before)))
      best.set(algorithm, one);
  }
  return [...best.values()];
}

/**
 * What a calibration multiplies margins by: on that scale those of different algorithms mean the same odds. Predicted
 * numbers are on one scale as they are.
 */
function scaleOf(calibration: Calibration | undefined): number {
  if (calibration?.kind === "platt") return calibration.slope;
  return calibration?.kind === "temperature" ? 1 / calibration.temperature : 1;
}

/** Held-out margins of some rows on the scale of log odds, each by what the other folds calibrated. */
function calibratedMargins({ answers }: Finished, looked: Int32Array): Float64Array[] {
  const { fold, margins, calibrated } = answers;
  return margins.map((own) =>
    Float64Array.from(looked, (row) => {
      const calibration = calibrated?.byFold.get(fold[row]!);
      return scaleOf(calibration) * own[row]! + (calibration?.kind === "platt" ? calibration.intercept : 0);
    }),
  );
}

/** Every way to deal ten tenths to so many members, equal shares as far as they go first. */
function simplex(members: number): number[][] {
  const deals = (left: number, count: number): number[][] =>
    count === 1
      ? [[left]]
      : Array.from({ length: left + 1 }, (_, own) => deals(left - own, count - 1).map((rest) => [own, ...rest])).flat();
  const spread = (weights: number[]) => weights.reduce((sum, weight) => sum + weight ** 2, 0);
  return deals(steps, members)
    .toSorted((a, b) => spread(a) - spread(b))
    .map((weights) => weights.map((weight) => weight / steps));
}

/** The loss of each row: squared error, or minus the log of the probability of what was true. */
function lossesOf(weights: number[], scaled: Float64Array[][], { task, values }: Labels): Float64Array {
  const outputs = scaled[0]!.length;
  const margins = new Float64Array(outputs);
  return values.map((label, row) => {
    margins.fill(0);
    for (const [m, weight] of weights.entries())
      if (weight > 0) for (let k = 0; k < outputs; k++) margins[k]! += weight * scaled[m]![k]![row]!;
    const [first] = margins;
    if (task === "regression") return (first! - label) ** 2;
    if (task === "binary") return Math.log1p(Math.exp(-Math.abs(first!))) + Math.max(0, label === 1 ? -first! : first!);
    const top = margins.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return top - margins[label]! + Math.log(margins.reduce((sum, margin) => sum + Math.exp(margin - top), 0));
  });
}
