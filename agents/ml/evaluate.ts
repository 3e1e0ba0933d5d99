import { seededRandom } from "@muster/shared/random.ts";
import { bootstrapIntervals, denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { type CalibrationReport, calibrationReport } from "@muster/shared/stats/calibration.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { argsort, sorted } from "@muster/shared/stats/sort.ts";
import { outputsOf, type Scored, weightedMetrics } from "./weighted-metrics.ts";

/**
 * What is evaluated. `constant`: the baseline's outputs as in the estimator (class shares in class order, or the mean),
 * from the training rows. `clusters`: the entity (or block of time) of each row, null where every row stands alone.
 * `threshold`: the version's recorded one (binary), else null.
 */
export type EvaluationInput = {
  scored: Scored;
  constant: number[];
  clusters: readonly string[] | null;
  threshold: number | null;
  seed: number;
};

/** A metric with its 95 % interval. */
export type MetricInterval = { value: number; low: number; high: number };

/**
 * Rows by label (outer) and served class (inner), in class order; for a binary model at the recorded threshold
 * ([[tn, fp], [fn, tp]]).
 */
export type Confusion = { threshold: number | null; counts: number[][] };

/** The best-scored `share` of rows: how many, the positives among them, the share of all positives, and the lift over the rate. */
export type Gain = { share: number; rows: number; positives: number; captured: number; lift: number };

/** Residuals (label − value) in the label's unit; `bins` are tenths by predicted value. */
export type ResidualSummary = {
  mean: number;
  deviation: number;
  quantiles: { q05: number; q25: number; q50: number; q75: number; q95: number };
  largest: number;
  bins: { rows: number; predicted: number; residual: number }[];
};

/**
 * A hold-out's evaluation: metrics with intervals (`entities`: how many clusters were drawn again, null where rows were),
 * the constant baseline's on the same rows (null where undefined), and what belongs to the task, null elsewhere.
 */
export type Evaluation = {
  rows: number;
  entities: number | null;
  repetitions: number;
  metrics: Record<string, MetricInterval>;
  baseline: Record<string, number | null>;
  calibration: CalibrationReport | null;
  confusion: Confusion | null;
  gains: Gain[] | null;
  residuals: ResidualSummary | null;
};

/**
 * Evaluates stored hold-out predictions; everything can be recomputed from them and the seed.
 * Intervals are bootstrap percentiles at 95 %, 200 to 1,000 resamples (fewer for more rows), entities drawn as a whole where
 * they repeat. `unfit` where a ranking metric has one class only.
 */
export function evaluate({ scored, constant, clusters, threshold, seed }: EvaluationInput): Evaluation {
  const rows = scored.labels.length;
  const dense = clusters === null ? null : denseClusters(clusters);
  const entities = dense === null ? rows : dense.reduce((most, c) => Math.max(most, c), -1) + 1;
  const repeat = dense !== null && entities > 1 && entities < rows;
  const repetitions = Math.min(1000, Math.max(200, Math.floor(2e7 / Math.max(1, rows))));
  const intervals = bootstrapIntervals(
    { rows, clusters: repeat ? dense : null, repetitions, random: seededRandom(seed) },
    definedMetrics(scored, threshold),
  );
  return {
    rows,
    entities: repeat ? entities : null,
    repetitions,
    metrics: Object.fromEntries(
      Object.entries(intervals).map(([name, { value, low, high }]) => [name, { value, low, high }]),
    ),
    baseline: baselineMetrics(scored, constant, threshold),
    calibration: scored.task === "binary" ? calibrationReport(scored.labels, scored.probabilities) : null,
    confusion: confusionOf(scored, threshold),
    gains: scored.task === "binary" ? gainsOf(scored.labels, scored.probabilities) : null,
    residuals: scored.task === "regression" ? residualsOf(scored.labels, scored.values) : null,
  };
}

/** Metrics that have a value on all rows (precision has none where no row is served positive), or a ranking one, which must. */
function definedMetrics(scored: Scored, threshold: number | null) {
  const all = weightedMetrics(scored, threshold);
  const whole = all(new Int32Array(scored.labels.length).fill(1));
  const kept = Object.keys(whole).filter((name) => name === "roc_auc" || !Number.isNaN(whole[name]!));
  return (weights: Int32Array): Record<string, number> => {
    const found = all(weights);
    return Object.fromEntries(kept.map((name) => [name, found[name]!]));
  };
}

function baselineMetrics(scored: Scored, constant: number[], threshold: number | null): Record<string, number | null> {
  const rows = scored.labels.length;
  const output = (value: number) => new Float64Array(rows).fill(value);
  const same: Scored =
    scored.task === "regression"
      ? { ...scored, values: output(constant[0]!) }
      : scored.task === "binary"
        ? { ...scored, probabilities: output(constant.at(-1)!) }
        : { ...scored, probabilities: constant.map(output) };
  const found = weightedMetrics(same, threshold)(new Int32Array(rows).fill(1));
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, Number.isNaN(value) ? null : value]));
}

function confusionOf(scored: Scored, threshold: number | null): Confusion | null {
  if (scored.task === "regression" || (scored.task === "binary" && threshold === null)) return null;
  const outputs = outputsOf(scored);
  const classes = scored.task === "binary" ? 2 : outputs.length;
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < scored.labels.length; i++) {
    let served = 0;
    if (scored.task === "binary") served = Number(scored.probabilities[i]! >= threshold!);
    else for (let c = 1; c < classes; c++) if (outputs[c]![i]! > outputs[served]![i]!) served = c;
    counts[scored.labels[i]!]![served]! += 1;
  }
  return { threshold: scored.task === "binary" ? threshold : null, counts };
}

function gainsOf(labels: ArrayLike<number>, probabilities: ArrayLike<number>): Gain[] {
  const order = argsort(probabilities).reverse();
  const total = Array.from(order).reduce((sum, row) => sum + labels[row]!, 0);
  const gains: Gain[] = [];
  let positives = 0;
  let at = 0;
  for (let tenth = 1; tenth <= 10; tenth++) {
    const end = Math.round((tenth * order.length) / 10);
    for (; at < end; at++) positives += labels[order[at]!]!;
    if (at === 0) continue;
    const captured = positives / total;
    gains.push({ share: tenth / 10, rows: at, positives, captured, lift: captured / (at / order.length) });
  }
  return gains;
}

function residualsOf(labels: ArrayLike<number>, values: ArrayLike<number>): ResidualSummary {
  const residuals = Float64Array.from({ length: labels.length }, (_, i) => labels[i]! - values[i]!);
  const mean = residuals.reduce((a, b) => a + b, 0) / residuals.length;
  const ascending = sorted(residuals);
  const order = argsort(values);
  const bins: ResidualSummary["bins"] = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    const rows = order.subarray(Math.round((tenth * order.length) / 10), Math.round(((tenth + 1) * order.length) / 10));
    if (rows.length === 0) continue;
    const meanOf = (of: (row: number) => number) => rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
    bins.push({ rows: rows.length, predicted: meanOf((r) => values[r]!), residual: meanOf((r) => residuals[r]!) });
  }
  return {
    mean,
    deviation: Math.sqrt(residuals.reduce((a, v) => a + (v - mean) ** 2, 0) / residuals.length),
    quantiles: {
      q05: quantile(ascending, 0.05),
      q25: quantile(ascending, 0.25),
      q50: quantile(ascending, 0.5),
      q75: quantile(ascending, 0.75),
      q95: quantile(ascending, 0.95),
    },
    largest: residuals.reduce((most, v) => Math.max(most, Math.abs(v)), 0),
    bins,
  };
}
