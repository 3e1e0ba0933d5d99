import { seededRandom } from "@muster/shared/random.ts";
import { bootstrapReplicates } from "@muster/shared/stats/bootstrap.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { rowsWhere } from "@muster/shared/stats/rows-where.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { drawsOf } from "../../draws.ts";
import { scoredOf } from "../../holdout.ts";
import type { Labels } from "../../labels.ts";
import { weightedMetrics } from "../../weighted-metrics.ts";
import type { RowOrigin } from "../fold-plan.ts";
import type { CostMatrix, MetricName } from "../job.ts";
import { direction } from "../metrics.ts";
import type { HeldOutAnswers } from "../race.ts";
import { crossedThresholds } from "../threshold.ts";

/** Rows that are drawn from at most, evenly taken. */
const mostRows = 20_000;

/** How much better one side's held-out answers are, and by how much at least with a confidence of 95 %; by how many resamples of how many rows, drawn as what. */
export type Lead = { value: number; atLeast: number; repetitions: number; rows: number; by: string };

/**
 * The lead of the first candidate over the second on the same held-out rows: the difference of their mean metric over folds
 * (above 0: the first is better) with its one-sided 95 % bound by percentile, both sides measured on the same 200 to 1,000
 * resamples of whole entities, of blocks of time, or of rows. Null where half of the resamples leave the metric undefined.
 */
export function leadOf(
  sides: readonly [HeldOutAnswers, HeldOutAnswers],
  { labels, origin }: { labels: Labels; origin: RowOrigin },
  { metric, costs, seed }: { metric: MetricName; costs: CostMatrix | null; seed: number },
): Lead | null {
  const { fold } = sides[0];
  const held = rowsWhere(fold.length, (row) => fold[row]! >= 0);
  const every = Math.max(1, Math.ceil(held.length / mostRows));
  const rows = held.filter((_, i) => i % every === 0);
  const { entity, time } = origin;
  const draws = drawsOf(
    entity && Array.from(rows, (row) => String(entity[row])),
    time && Float64Array.from(rows, (row) => time[row]!),
    rows.length,
  );
  const [own, other] = sides.map((side) => meanOverFolds(side, rows, labels, metric, costs));
  const sign = direction(metric);
  const lead = (weights: Int32Array) => ({ lead: sign * (own!(weights) - other!(weights)) });
  const repetitions = Math.min(1000, Math.max(200, Math.floor(4e6 / rows.length)));
  const resampling = { rows: rows.length, clusters: draws.clusters, repetitions, random: seededRandom(seed) };
  const replicates = sorted(bootstrapReplicates(resampling, lead).lead.filter((value) => !Number.isNaN(value)));
  const { lead: value } = lead(new Int32Array(rows.length).fill(1));
  if (Number.isNaN(value) || replicates.length < repetitions / 2) return null;
  return { value, atLeast: quantile(replicates, 0.05), repetitions, rows: rows.length, by: draws.by };
}

/** The metric's mean over folds as a function of the rows' weights; a fold where it is undefined counts on neither side. */
function meanOverFolds(
  { fold, prediction }: HeldOutAnswers,
  rows: Int32Array,
  { task, values }: Labels,
  metric: MetricName,
  costs: CostMatrix | null,
): (weights: Int32Array) => number {
  const folds = 1 + rows.reduce((most, row) => Math.max(most, fold[row]!), 0);
  const thresholds = task === "binary" ? crossedThresholds(values, prediction[1]!, fold, folds, costs) : null;
  const parts = Array.from({ length: folds }, (_, k) => {
    const places = rowsWhere(rows.length, (i) => fold[rows[i]!] === k);
    const labels = Float64Array.from(places, (i) => values[rows[i]!]!);
    const answers = prediction.map((output) => Float64Array.from(places, (i) => output[rows[i]!]!));
    return { places, measure: weightedMetrics(scoredOf(task, labels, answers), thresholds?.[k] ?? null) };
  }).filter(({ places }) => places.length > 0);
  return (weights) => {
    const known = parts
      .map(({ places, measure }) => measure(Int32Array.from(places, (i) => weights[i]!))[metric]!)
      .filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  };
}
