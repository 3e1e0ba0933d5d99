import type { Figure, GroupFigures } from "@muster/shared/domain/fairness.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { bootstrapReplicates, denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { wilson } from "@muster/shared/stats/proportion.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { onRows, type Scored, weightedMetrics } from "../weighted-metrics.ts";
import type { Groups } from "./groups.ts";

/**
 * What was predicted for the hold-out's rows. `served`: the class each row is predicted as (binary: at the recorded
 * threshold), null for regression or where there is no threshold. `clusters`: rows that belong together, null where each
 * stands alone.
 */
export type Predicted = {
  scored: Scored;
  classes: readonly string[];
  served: Int32Array | null;
  threshold: number | null;
  clusters: Int32Array | null;
  seed: number;
};

/** Ratios and rates of one attribute's groups. */
export type Comparison = { groups: GroupFigures[]; ratio: Figure | null; tprRatio: Figure | null };

/** Resamples of a bootstrap, fewer for more rows. */
const repetitionsOf = (rows: number): number => Math.min(400, Math.max(100, Math.floor(1e7 / Math.max(1, rows))));
/** Fewer rows than this of a class within a group give it no rate of its own in a ratio. */
const leastOfClass = 10;

/** A statistic over rows with its 95 % bootstrap interval, rows that belong together drawn together; null where undefined. */
function bootstrapped(
  rows: Int32Array,
  { clusters, seed }: Pick<Predicted, "clusters" | "seed">,
  statistic: (weights: Int32Array) => number,
): Figure | null {
  const value = statistic(new Int32Array(rows.length).fill(1));
  if (!Number.isFinite(value)) return null;
  const own = clusters && denseClusters(rows.map((row) => clusters[row]!));
  const resampling = {
    rows: rows.length,
    clusters: own,
    repetitions: repetitionsOf(rows.length),
    random: seededRandom(seed),
  };
  const replicates = bootstrapReplicates(resampling, (weights) => ({ value: statistic(weights) }));
  const defined = sorted(replicates.value.filter(Number.isFinite));
  if (defined.length < resampling.repetitions / 2) return null;
  return { value, low: quantile(defined, 0.025), high: quantile(defined, 0.975) };
}

/** The share of rows that hit: Wilson's interval where each row stands alone, else a bootstrap of those that belong together. */
function share(rows: Int32Array, hit: (row: number) => boolean, predicted: Predicted): Figure | null {
  if (rows.length === 0) return null;
  const hits = rows.reduce((sum, row) => sum + Number(hit(row)), 0);
  if (predicted.clusters === null) return { value: hits / rows.length, ...wilson(hits, rows.length) };
  return bootstrapped(rows, predicted, (weights) => {
    let sum = 0;
    let all = 0;
    for (let i = 0; i < weights.length; i++) {
      all += weights[i]!;
      if (hit(rows[i]!)) sum += weights[i]!;
    }
    return sum / all;
  });
}

const given = (pairs: readonly (readonly [string, Figure | null])[]): Record<string, Figure> =>
  Object.fromEntries(pairs.filter((pair): pair is readonly [string, Figure] => pair[1] !== null));

function figuresOf(group: string, rows: Int32Array, predicted: Predicted): GroupFigures {
  const { scored, classes, served, threshold } = predicted;
  const { labels } = scored;
  const told = scored.task === "binary" ? classes.slice(1, 2) : scored.task === "multiclass" ? classes : [];
  const place = (name: string) => classes.indexOf(name);
  const metrics = weightedMetrics(onRows(scored, rows), threshold);
  const metric = (name: string): Figure | null =>
    bootstrapped(rows, predicted, (weights) => metrics(weights)[name] ?? Number.NaN);
  const side = (label: number) => rows.filter((row) => labels[row] === label);
  const binary = scored.task === "binary" && served !== null;
  return {
    group,
    rows: rows.length,
    rates: given(told.map((name) => [name, served && share(rows, (row) => served[row] === place(name), predicted)])),
    actual: given(told.map((name) => [name, share(rows, (row) => labels[row] === place(name), predicted)])),
    truePositive: binary ? share(side(1), (row) => served[row] === 1, predicted) : null,
    falsePositive: binary ? share(side(0), (row) => served[row] === 1, predicted) : null,
    rocAuc: scored.task === "regression" ? null : metric("roc_auc"),
    accuracy: served && share(rows, (row) => served[row] === labels[row], predicted),
    rmse: scored.task === "regression" ? metric("rmse") : null,
    calibration: calibrationOf(rows, predicted),
  };
}

/** Mean prediction minus mean label: what the group is over-predicted by. */
function calibrationOf(rows: Int32Array, predicted: Predicted): Figure | null {
  const { scored } = predicted;
  if (scored.task === "multiclass") return null;
  const values = scored.task === "binary" ? scored.probabilities : scored.values;
  return bootstrapped(rows, predicted, (weights) => {
    let sum = 0;
    let all = 0;
    for (let i = 0; i < weights.length; i++) {
      all += weights[i]!;
      sum += weights[i]! * (values[rows[i]!]! - scored.labels[rows[i]!]!);
    }
    return sum / all;
  });
}

/**
 * The smallest rate over the largest, of the groups that have enough rows of `among`; over several outcomes the worst.
 * Null with fewer than two such groups, or where no group has the outcome at all.
 */
function ratioOf(groups: Groups, predicted: Predicted, outcomes: readonly number[], among: (row: number) => boolean) {
  const { served } = predicted;
  if (served === null) return null;
  const counted = new Int32Array(groups.names.length);
  groups.of.forEach((group, row) => {
    if (group >= 0 && among(row)) counted[group]! += 1;
  });
  const enough = (group: number) => group >= 0 && counted[group]! >= leastOfClass;
  const rows = Int32Array.from(groups.of.keys()).filter((row) => enough(groups.of[row]!) && among(row));
  const kept = [...groups.names.keys()].filter(enough);
  if (kept.length < 2) return null;
  // An outcome that hardly anybody gets makes any ratio.
  const common = outcomes.filter((outcome) => rows.filter((row) => served[row] === outcome).length >= leastOfClass);
  if (common.length === 0) return null;
  return bootstrapped(rows, predicted, (weights) => {
    const all = new Float64Array(groups.names.length);
    const hits = common.map(() => new Float64Array(groups.names.length));
    for (let i = 0; i < weights.length; i++) {
      const group = groups.of[rows[i]!]!;
      all[group]! += weights[i]!;
      const at = common.indexOf(served[rows[i]!]!);
      if (at >= 0) hits[at]![group]! += weights[i]!;
    }
    const worst = hits.map((of) => {
      const rates = kept.map((group) => of[group]! / all[group]!);
      return Math.min(...rates) / Math.max(...rates);
    });
    return Math.min(...worst);
  });
}

/**
 * Compares a model's results between the groups of one attribute on the hold-out.
 * Shares have Wilson's 95 % interval; where rows belong together, and for every other figure, a percentile bootstrap (100 to
 * 400 resamples, what belongs together drawn together). `ratio`: outcome rates (four-fifths rule), binary: of the positive
 * class; multiclass: the worst over the classes. Deterministic by the seed.
 */
export function compareGroups(groups: Groups, predicted: Predicted): Comparison {
  const { scored, classes } = predicted;
  const rowsOf = (group: number) => Int32Array.from(groups.of.keys()).filter((row) => groups.of[row] === group);
  const outcomes = scored.task === "binary" ? [1] : scored.task === "multiclass" ? [...classes.keys()] : [];
  const binary = scored.task === "binary";
  return {
    groups: groups.names.map((name, group) => figuresOf(name, rowsOf(group), predicted)),
    ratio: ratioOf(groups, predicted, outcomes, () => true),
    tprRatio: binary ? ratioOf(groups, predicted, outcomes, (row) => scored.labels[row] === 1) : null,
  };
}
