import { fault } from "@muster/shared/fault.ts";
import { argsort } from "@muster/shared/stats/sort.ts";

/**
 * Rows with their label and what was predicted for them. `labels` of a classifier are class indices;
 * `probabilities` are of the positive class (binary) or one array for each class (multiclass), calibrated.
 */
export type Scored =
  | { task: "binary"; labels: ArrayLike<number>; probabilities: ArrayLike<number> }
  | { task: "multiclass"; labels: ArrayLike<number>; probabilities: ArrayLike<number>[] }
  | { task: "regression"; labels: ArrayLike<number>; values: ArrayLike<number> };

/** Metrics of weighted rows: row i counts `weights[i]` times; NaN where one is undefined (a single class). */
export type WeightedMetrics = (weights: Int32Array) => Record<string, number>;

/** What was predicted, one array for each output. */
export const outputsOf = (scored: Scored): ArrayLike<number>[] =>
  scored.task === "regression"
    ? [scored.values]
    : scored.task === "binary"
      ? [scored.probabilities]
      : scored.probabilities;

/** Some of the rows, in the order given. */
export function onRows(scored: Scored, rows: Int32Array): Scored {
  const of = (values: ArrayLike<number>) => Float64Array.from(rows, (row) => values[row]!);
  const labels = of(scored.labels);
  if (scored.task === "regression") return { task: scored.task, labels, values: of(scored.values) };
  if (scored.task === "binary") return { task: scored.task, labels, probabilities: of(scored.probabilities) };
  return { task: scored.task, labels, probabilities: scored.probabilities.map(of) };
}

/**
 * The metrics of a task as functions of row weights, so that thousands of resamples cost one pass each (the order of the
 * scores is taken once). Binary: roc_auc, average_precision, log_loss, brier, ks (the largest distance between the classes'
 * distributions of scores), calibration_gap (|mean probability − rate|) and, with a threshold, accuracy, balanced_accuracy,
 * precision, recall, specificity, f1, f1_macro, mcc (Matthews), kappa (Cohen). Multiclass: roc_auc (macro, one against the
 * rest), log_loss, brier (summed over classes), accuracy, balanced_accuracy, precision_macro, f1_macro, mcc (Gorodkin).
 * Regression: rmse, mae, median_absolute_error, r2, explained_variance, bias (mean of value − label), mape (NaN where a
 * label is 0), smape (0..2). With equal weights they equal shared/stats/metrics and scikit-learn's of those names.
 */
export function weightedMetrics(scored: Scored, threshold: number | null = null): WeightedMetrics {
  for (const output of outputsOf(scored)) {
    if (output.length !== scored.labels.length) {
      throw fault("invalid_input", "labels and predictions differ in length; pass one of each for every row");
    }
  }
  if (scored.task === "binary") return binary(scored.labels, scored.probabilities, threshold);
  if (scored.task === "multiclass") return multiclass(scored.labels, scored.probabilities);
  return regression(scored.labels, scored.values);
}

function binary(labels: ArrayLike<number>, p: ArrayLike<number>, threshold: number | null): WeightedMetrics {
  const ranking = rankingOf(labels, p, 1);
  // Taken once: a logarithm for each row and resample would cost more than everything else.
  const losses = Float64Array.from(labels, (y, i) => -logOf(y === 1 ? p[i]! : 1 - p[i]!));
  const errors = Float64Array.from(labels, (y, i) => p[i]! - y);
  const cells = Uint8Array.from(labels, (y, i) => 2 * y + (threshold !== null && p[i]! >= threshold ? 1 : 0));
  return (weights) => {
    let rows = 0;
    let loss = 0;
    let squares = 0;
    let gap = 0;
    const at = [0, 0, 0, 0];
    for (let i = 0; i < weights.length; i++) {
      const w = weights[i]!;
      rows += w;
      loss += w * losses[i]!;
      squares += w * errors[i]! * errors[i]!;
      gap += w * errors[i]!;
      at[cells[i]!]! += w;
    }
    const [trueNegative, falsePositive, falseNegative, truePositive] = at as [number, number, number, number];
    return {
      ...ranking(weights),
      log_loss: loss / rows,
      brier: squares / rows,
      calibration_gap: Math.abs(gap / rows),
      ...(threshold !== null && {
        accuracy: (truePositive + trueNegative) / rows,
        balanced_accuracy:
          (truePositive / (truePositive + falseNegative) + trueNegative / (trueNegative + falsePositive)) / 2,
        precision: truePositive / (truePositive + falsePositive),
        recall: truePositive / (truePositive + falseNegative),
        specificity: trueNegative / (trueNegative + falsePositive),
        ...agreement(trueNegative, falsePositive, falseNegative, truePositive),
        f1: (2 * truePositive) / (2 * truePositive + falsePositive + falseNegative),
        f1_macro:
          truePositive / (2 * truePositive + falsePositive + falseNegative) +
          trueNegative / (2 * trueNegative + falsePositive + falseNegative),
      }),
    };
  };
}

/** Matthews' correlation and Cohen's kappa of a table of two classes; NaN where a side is empty. */
function agreement(tn: number, fp: number, fn: number, tp: number): { mcc: number; kappa: number } {
  const rows = tn + fp + fn + tp;
  const chance = ((tp + fp) * (tp + fn) + (tn + fn) * (tn + fp)) / rows;
  return {
    mcc: (tp * tn - fp * fn) / Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)),
    kappa: (tp + tn - chance) / (rows - chance),
  };
}

function multiclass(labels: ArrayLike<number>, p: ArrayLike<number>[]): WeightedMetrics {
  const rankings = p.map((column, c) => rankingOf(labels, column, c));
  const losses = Float64Array.from(labels, (y, i) => -logOf(p[y]![i]!));
  const squared = Float64Array.from(labels, (y, i) =>
    p.reduce((sum, column, c) => sum + (column[i]! - Number(y === c)) ** 2, 0),
  );
  const predicted = Int32Array.from({ length: labels.length }, (_, i) => {
    let best = 0;
    for (let c = 1; c < p.length; c++) if (p[c]![i]! > p[best]![i]!) best = c;
    return best;
  });
  return (weights) => {
    const auc = rankings.map((ranking) => ranking(weights).roc_auc).filter((v) => !Number.isNaN(v));
    const hits = new Float64Array(p.length);
    const labelled = new Float64Array(p.length);
    const guessed = new Float64Array(p.length);
    let rows = 0;
    let loss = 0;
    let squares = 0;
    for (let i = 0; i < weights.length; i++) {
      const w = weights[i]!;
      rows += w;
      loss += w * losses[i]!;
      squares += w * squared[i]!;
      labelled[labels[i]!]! += w;
      guessed[predicted[i]!]! += w;
      if (predicted[i] === labels[i]) hits[predicted[i]!]! += w;
    }
    const f1 = Array.from(hits, (h, c) => (2 * h) / (labelled[c]! + guessed[c]!)).filter((v) => !Number.isNaN(v));
    const correct = hits.reduce((a, v) => a + v, 0);
    const seen = Array.from(labelled.keys()).filter((c) => labelled[c]! + guessed[c]! > 0);
    const of = (part: Float64Array) => part.reduce((a, v) => a + v * v, 0);
    const both = labelled.reduce((a, v, c) => a + v * guessed[c]!, 0);
    return {
      roc_auc: auc.length < 2 ? Number.NaN : auc.reduce((a, v) => a + v, 0) / auc.length,
      log_loss: loss / rows,
      brier: squares / rows,
      accuracy: correct / rows,
      balanced_accuracy: meanOf(seen.filter((c) => labelled[c]! > 0).map((c) => hits[c]! / labelled[c]!)),
      // A class that is never served has no precision; scikit-learn counts it as 0.
      precision_macro: meanOf(seen.map((c) => (guessed[c]! === 0 ? 0 : hits[c]! / guessed[c]!))),
      f1_macro: f1.reduce((a, v) => a + v, 0) / f1.length,
      mcc: (correct * rows - both) / Math.sqrt((rows ** 2 - of(guessed)) * (rows ** 2 - of(labelled))),
    };
  };
}

function regression(labels: ArrayLike<number>, values: ArrayLike<number>): WeightedMetrics {
  const errors = Float64Array.from(labels, (y, i) => values[i]! - y);
  const absolute = errors.map(Math.abs);
  const ascending = argsort(absolute);
  const relative = absolute.map((error, i) => (labels[i] === 0 ? Number.NaN : error / Math.abs(labels[i]!)));
  const symmetric = absolute.map((error, i) =>
    error === 0 ? 0 : (2 * error) / (Math.abs(labels[i]!) + Math.abs(values[i]!)),
  );
  return (weights) => {
    const rows = weights.reduce((sum, w) => sum + w, 0);
    const mean = (of: (i: number) => number) => {
      let sum = 0;
      // A row that wasn't drawn doesn't count, whatever it holds.
      for (let i = 0; i < weights.length; i++) if (weights[i]! > 0) sum += weights[i]! * of(i);
      return sum / rows;
    };
    const squares = mean((i) => errors[i]! ** 2);
    const bias = mean((i) => errors[i]!);
    const label = mean((i) => labels[i]!);
    const spread = mean((i) => (labels[i]! - label) ** 2);
    return {
      rmse: Math.sqrt(squares),
      mae: mean((i) => absolute[i]!),
      median_absolute_error: weightedMedian(absolute, ascending, weights, rows),
      r2: spread === 0 ? Number.NaN : 1 - squares / spread,
      explained_variance: spread === 0 ? Number.NaN : 1 - (squares - bias ** 2) / spread,
      bias,
      mape: mean((i) => relative[i]!),
      smape: mean((i) => symmetric[i]!),
    };
  };
}

/** The median of values of which each counts as often as its weight. */
function weightedMedian(values: Float64Array, ascending: Uint32Array, weights: Int32Array, rows: number): number {
  let passed = 0;
  let below = Number.NaN;
  for (const i of ascending) {
    passed += weights[i]!;
    if (Number.isNaN(below) && 2 * passed >= rows) below = values[i]!;
    if (2 * passed > rows) return (below + values[i]!) / 2;
  }
  return below;
}

const meanOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const logOf = (p: number): number => Math.log(Math.min(1 - 1e-15, Math.max(1e-15, p)));

function rankingOf(labels: ArrayLike<number>, scores: ArrayLike<number>, positive: number) {
  const order = argsort(scores).reverse();
  // In the order of the scores: whether a row is positive, and whether it is the last of its tie.
  const hit = Uint8Array.from(order, (row) => Number(labels[row]! === positive));
  const last = Uint8Array.from(order, (row, i) => Number(scores[order[i + 1]!] !== scores[row]!));
  return (weights: Int32Array): { roc_auc: number; average_precision: number; ks: number } => {
    const all = [0, 0];
    for (let i = 0; i < order.length; i++) all[hit[i]!]! += weights[order[i]!]!;
    let apart = 0;
    let hits = 0;
    let others = 0;
    let pairs = 0;
    let precision = 0;
    let tiedHits = 0;
    let tiedOthers = 0;
    for (let i = 0; i < order.length; i++) {
      const w = weights[order[i]!]!;
      if (hit[i] === 1) tiedHits += w;
      else tiedOthers += w;
      if (last[i] === 0) continue;
      pairs += tiedOthers * (hits + tiedHits / 2);
      hits += tiedHits;
      others += tiedOthers;
      apart = Math.max(apart, Math.abs(hits / all[1]! - others / all[0]!));
      if (tiedHits > 0) precision += tiedHits * (hits / (hits + others));
      tiedHits = 0;
      tiedOthers = 0;
    }
    if (hits === 0 || others === 0) return { roc_auc: Number.NaN, average_precision: Number.NaN, ks: Number.NaN };
    return { roc_auc: pairs / (hits * others), average_precision: precision / hits, ks: apart };
  };
}
