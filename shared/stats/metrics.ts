import { fault } from "@muster/shared/fault.ts";
import { sorted } from "./sort.ts";

function sameLength(labels: ArrayLike<number>, other: ArrayLike<number>): void {
  if (labels.length === 0) throw fault("unfit", "a metric needs at least one row");
  if (labels.length !== other.length) {
    throw fault("invalid_input", `${labels.length} labels beside ${other.length} predictions; pass one for each row`);
  }
}

function splitByLabel(labels: ArrayLike<number>, scores: ArrayLike<number>, positive: (label: number) => boolean) {
  sameLength(labels, scores);
  let positives = 0;
  for (let i = 0; i < labels.length; i++) if (positive(labels[i]!)) positives++;
  const yes = new Float64Array(positives);
  const no = new Float64Array(labels.length - positives);
  let y = 0;
  let n = 0;
  for (let i = 0; i < labels.length; i++) {
    if (positive(labels[i]!)) yes[y++] = scores[i]!;
    else no[n++] = scores[i]!;
  }
  return { yes: sorted(yes), no: sorted(no) };
}

/** Share of (positive, negative) pairs that the scores order rightly; both ascending; a tie counts half. */
function pairsOrdered(yes: Float64Array, no: Float64Array): number {
  let below = 0;
  let upTo = 0;
  let sum = 0;
  for (let i = 0; i < yes.length; i++) {
    const v = yes[i]!;
    while (below < no.length && no[below]! < v) below++;
    while (upTo < no.length && no[upTo]! <= v) upTo++;
    sum += (below + upTo) / 2;
  }
  return sum / (yes.length * no.length);
}

const oneClass = () => fault("unfit", "the labels hold one class only; ranking metrics need rows of both");

/**
 * The area under the ROC curve, 0..1, ties counted half (Mann–Whitney).
 * `labels` are 0 or 1. `unfit` where there is one class only.
 */
export function rocAuc(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const { yes, no } = splitByLabel(labels, scores, (label) => label === 1);
  if (yes.length === 0 || no.length === 0) throw oneClass();
  return pairsOrdered(yes, no);
}

/**
 * The mean over classes of the one-vs-rest area under the ROC curve, 0..1.
 * `labels` are class indices, `probabilities` one array for each class. A class without rows is left out of the mean;
 * `unfit` where fewer than two classes have rows.
 */
export function rocAucMacro(labels: ArrayLike<number>, probabilities: ArrayLike<number>[]): number {
  let sum = 0;
  let classes = 0;
  for (let c = 0; c < probabilities.length; c++) {
    const { yes, no } = splitByLabel(labels, probabilities[c]!, (label) => label === c);
    if (yes.length === 0 || no.length === 0) continue;
    sum += pairsOrdered(yes, no);
    classes++;
  }
  if (classes < 2) throw oneClass();
  return sum / classes;
}

/**
 * Average precision, 0..1: Σ (recallᵢ − recallᵢ₋₁) · precisionᵢ over the distinct scores, without interpolation
 * (scikit-learn's definition). `labels` are 0 or 1. `unfit` where there is one class only.
 */
export function averagePrecision(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const { yes, no } = splitByLabel(labels, scores, (label) => label === 1);
  if (yes.length === 0 || no.length === 0) throw oneClass();
  let sum = 0;
  let found = 0;
  let wrong = 0;
  while (found < yes.length) {
    const v = yes[yes.length - 1 - found]!;
    const before = found;
    while (found < yes.length && yes[yes.length - 1 - found]! === v) found++;
    while (wrong < no.length && no[no.length - 1 - wrong]! >= v) wrong++;
    sum += (found - before) * (found / (found + wrong));
  }
  return sum / yes.length;
}

/**
 * The mean negative log-likelihood (natural logarithm), ≥ 0; probabilities are clipped to [1e-15, 1 − 1e-15].
 * `labels` are class indices, `probabilities` one array for each class (binary: [1 − p, p]).
 */
export function logLoss(labels: ArrayLike<number>, probabilities: ArrayLike<number>[]): number {
  if (probabilities.length < 2)
    throw fault("invalid_input", "log loss needs one array of probabilities for each class");
  for (const p of probabilities) sameLength(labels, p);
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const p = probabilities[labels[i]!]?.[i];
    if (p === undefined || Number.isNaN(p)) {
      throw fault("invalid_input", `row ${i} has no probability for its class; pass one array for each class`);
    }
    sum -= Math.log(Math.min(1 - 1e-15, Math.max(1e-15, p)));
  }
  return sum / labels.length;
}

/** The Brier score, 0..1: the mean squared difference between the probability of the positive class and the 0/1 label. */
export function brier(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  return meanOver(labels, probabilities, (y, p) => (p - y) ** 2);
}

function meanOver(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  loss: (y: number, p: number) => number,
): number {
  sameLength(labels, predicted);
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += loss(labels[i]!, predicted[i]!);
  if (Number.isNaN(sum)) throw fault("invalid_input", "a label or a prediction is missing; take such rows out first");
  return sum / labels.length;
}

/** The share of rows whose predicted class is the label, 0..1. */
export const accuracy = (labels: ArrayLike<number>, predicted: ArrayLike<number>): number =>
  meanOver(labels, predicted, (y, p) => Number(y === p));

/** The mean over classes (those among the labels or the predictions) of F1, 0..1; a class never hit counts 0. */
export function f1Macro(labels: ArrayLike<number>, predicted: ArrayLike<number>): number {
  sameLength(labels, predicted);
  const counts = new Map<number, { hit: number; labelled: number; predicted: number }>();
  const of = (c: number) => {
    let count = counts.get(c);
    if (!count) {
      count = { hit: 0, labelled: 0, predicted: 0 };
      counts.set(c, count);
    }
    return count;
  };
  for (let i = 0; i < labels.length; i++) {
    of(labels[i]!).labelled++;
    of(predicted[i]!).predicted++;
    if (labels[i] === predicted[i]) of(labels[i]!).hit++;
  }
  let sum = 0;
  for (const c of counts.values()) sum += (2 * c.hit) / (c.labelled + c.predicted);
  return sum / counts.size;
}

/** The root of the mean squared error, in the label's unit. */
export const rmse = (labels: ArrayLike<number>, predicted: ArrayLike<number>): number =>
  Math.sqrt(meanOver(labels, predicted, (y, p) => (y - p) ** 2));

/** The mean absolute error, in the label's unit. */
export const mae = (labels: ArrayLike<number>, predicted: ArrayLike<number>): number =>
  meanOver(labels, predicted, (y, p) => Math.abs(y - p));

/** The share of the label's variance that is explained, ≤ 1; 0 is the mean's. `unfit` where the label is constant. */
export function r2(labels: ArrayLike<number>, predicted: ArrayLike<number>): number {
  sameLength(labels, predicted);
  let mean = 0;
  for (let i = 0; i < labels.length; i++) mean += labels[i]! / labels.length;
  const total = meanOver(labels, labels, (y) => (y - mean) ** 2);
  if (total === 0) throw fault("unfit", "the label is constant; there is no variance to explain");
  return 1 - meanOver(labels, predicted, (y, p) => (y - p) ** 2) / total;
}
