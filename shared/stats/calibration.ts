import { fault } from "@muster/shared/fault.ts";
import { brier } from "./metrics.ts";
import { argsort } from "./sort.ts";

const sigmoid = (z: number): number => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
/** log(1 + exp(z)) without overflow. */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

function countClasses(labels: ArrayLike<number>, beside: ArrayLike<number>): { positives: number; negatives: number } {
  if (labels.length !== beside.length) {
    throw fault("invalid_input", `${labels.length} labels beside ${beside.length} predictions; pass one for each row`);
  }
  let positives = 0;
  for (let i = 0; i < labels.length; i++) positives += labels[i]! === 1 ? 1 : 0;
  if (positives === 0 || positives === labels.length) {
    throw fault("unfit", "the labels hold one class only; calibration needs rows of both");
  }
  return { positives, negatives: labels.length - positives };
}

/** Newton with halved steps for `sigmoid(slope · x + intercept)` on targets in [0, 1]; null where it doesn't settle. */
function fitLogistic(
  x: ArrayLike<number>,
  target: (row: number) => number,
  intercept: number,
): { slope: number; intercept: number } | null {
  let a = 0;
  let b = intercept;
  const loss = (slope: number, shift: number) => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      const z = slope * x[i]! + shift;
      sum += softplus(z) - target(i) * z;
    }
    return sum;
  };
  let now = loss(a, b);
  for (let iteration = 0; iteration < 100; iteration++) {
    let ga = 0;
    let gb = 0;
    let haa = 1e-12;
    let hab = 0;
    let hbb = 1e-12;
    for (let i = 0; i < x.length; i++) {
      const p = sigmoid(a * x[i]! + b);
      const error = p - target(i);
      const weight = p * (1 - p);
      ga += error * x[i]!;
      gb += error;
      haa += weight * x[i]! * x[i]!;
      hab += weight * x[i]!;
      hbb += weight;
    }
    if (Math.abs(ga) < 1e-9 * x.length && Math.abs(gb) < 1e-9 * x.length) return { slope: a, intercept: b };
    const determinant = haa * hbb - hab * hab;
    if (!(determinant > 0)) return null;
    const da = -(hbb * ga - hab * gb) / determinant;
    const db = -(haa * gb - hab * ga) / determinant;
    let step = 1;
    let next = loss(a + da, b + db);
    // Below the rounding of the summed loss it can't tell steps apart: there Newton's own step is taken.
    const rounding = 1e-13 * Math.abs(now);
    while (next > now + 1e-4 * step * (ga * da + gb * db) + rounding && step > 1e-10) {
      step /= 2;
      next = loss(a + step * da, b + step * db);
    }
    // No step lowers the loss any more: the limit of float64 is reached.
    if (step <= 1e-10) return { slope: a, intercept: b };
    a += step * da;
    b += step * db;
    now = next;
  }
  return null;
}

/** p = 1 / (1 + exp(−(slope · margin + intercept))). */
export type Platt = { slope: number; intercept: number };

/**
 * Platt's scaling: p = 1 / (1 + exp(−(slope · margin + intercept))), with his smoothed targets
 * ((n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2)), by Newton with halved steps (Lin, Lin & Weng 2007).
 * `margins` are out of fold; `labels` are 0 or 1. `unfit` where there is one class only.
 */
export function fitPlatt(margins: ArrayLike<number>, labels: ArrayLike<number>): Platt {
  const fitted = plattOf(margins, labels);
  if (!fitted) throw fault("unfit", "the margins can't be calibrated: they are constant or not finite");
  return fitted;
}

/** The same, or null where no such scaling is to be found: margins that are constant, not finite, or so far out that Newton doesn't settle. */
export function plattOf(margins: ArrayLike<number>, labels: ArrayLike<number>): Platt | null {
  const { positives, negatives } = countClasses(labels, margins);
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  return fitLogistic(margins, (i) => (labels[i]! === 1 ? high : low), Math.log((positives + 1) / (negatives + 1)));
}

/**
 * The temperature T > 0 that minimises the log loss of softmax(margin / T) (Guo et al. 2017), within 0.001..1000.
 * `margins` are one array for each class, out of fold; `labels` are class indices.
 */
export function fitTemperature(margins: ArrayLike<number>[], labels: ArrayLike<number>): number {
  if (labels.length === 0 || margins.length < 2) {
    throw fault("unfit", "a temperature needs rows and at least two classes");
  }
  for (const m of margins) {
    if (m.length !== labels.length) throw fault("invalid_input", "margins and labels differ in length");
  }
  // The loss is convex in 1 / T, so its slope has one root.
  const slope = (inverse: number) => {
    let sum = 0;
    for (let i = 0; i < labels.length; i++) {
      let top = Number.NEGATIVE_INFINITY;
      for (const m of margins) top = Math.max(top, m[i]! * inverse);
      let weights = 0;
      let mean = 0;
      for (const m of margins) {
        const w = Math.exp(m[i]! * inverse - top);
        weights += w;
        mean += w * m[i]!;
      }
      sum += mean / weights - margins[labels[i]!]![i]!;
    }
    return sum;
  };
  let low = Math.log(1e-3);
  let high = Math.log(1e3);
  if (!(slope(Math.exp(low)) < 0)) return 1000;
  if (!(slope(Math.exp(high)) > 0)) return 0.001;
  for (let i = 0; i < 60 && high - low > 1e-12; i++) {
    const middle = (low + high) / 2;
    if (slope(Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(-(low + high) / 2);
}

/** One bin of a reliability table: rows, mean probability, share of positives. */
export type CalibrationBin = { rows: number; predicted: number; observed: number };

/**
 * How far probabilities can be taken at their word.
 * `slope` and `intercept` are Cox's: logistic regression of the label on the logit of the probability (1 and 0 are
 * perfect; null where the probabilities are constant or separate the classes, so that no fit exists).
 */
export type CalibrationReport = {
  slope: number | null;
  intercept: number | null;
  brier: number;
  bins: CalibrationBin[];
};

/**
 * The calibration of probabilities of the positive class against 0/1 labels: Cox slope and intercept, Brier score, and at
 * most 10 bins of equal frequency (equal probabilities stay in one bin). `unfit` where there is one class only.
 */
export function calibrationReport(labels: ArrayLike<number>, probabilities: ArrayLike<number>): CalibrationReport {
  countClasses(labels, probabilities);
  const logits = Float64Array.from(probabilities, (p) => {
    const clipped = Math.min(1 - 1e-15, Math.max(1e-15, p));
    return Math.log(clipped / (1 - clipped));
  });
  const cox = fitLogistic(logits, (i) => labels[i]!, 0);
  const constant = logits.every((z) => z === logits[0]);
  const usable = constant || separates(labels, logits) ? null : cox;
  return {
    slope: usable?.slope ?? null,
    intercept: usable?.intercept ?? null,
    brier: brier(labels, probabilities),
    bins: reliability(labels, probabilities, 10),
  };
}

/** Whether one threshold parts the classes: the likelihood then has no maximum. */
function separates(labels: ArrayLike<number>, x: Float64Array): boolean {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < x.length; i++) {
    const c = labels[i]! === 1 ? 1 : 0;
    low[c] = Math.min(low[c]!, x[i]!);
    high[c] = Math.max(high[c]!, x[i]!);
  }
  return high[0]! <= low[1]! || high[1]! <= low[0]!;
}

function reliability(labels: ArrayLike<number>, probabilities: ArrayLike<number>, count: number): CalibrationBin[] {
  const order = argsort(probabilities);
  const bins: CalibrationBin[] = [];
  let at = 0;
  for (let b = 1; b <= count; b++) {
    let end = Math.round((b * order.length) / count);
    while (end > at && end < order.length && probabilities[order[end]!] === probabilities[order[end - 1]!]) end++;
    if (end <= at) continue;
    let predicted = 0;
    let observed = 0;
    for (let i = at; i < end; i++) {
      predicted += probabilities[order[i]!]!;
      observed += labels[order[i]!]!;
    }
    bins.push({ rows: end - at, predicted: predicted / (end - at), observed: observed / (end - at) });
    at = end;
  }
  return bins;
}
