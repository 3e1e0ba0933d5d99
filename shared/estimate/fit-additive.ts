/**
 * A cost as a sum of non-negative parts: y ≈ Σ exp(log[j]) · terms[j], with multiplicative noise.
 * `log`: the coefficients' logarithms. `covariance`: theirs (p × p). `noise`: standard deviation of log y around the
 * sum. `weight`: what the noise rests on, as degrees of freedom.
 */
export type AdditiveModel = { log: number[]; covariance: number[][]; noise: number; weight: number };

/** What is believed before any observation; `spread` is the standard deviation of each logarithm. */
export type AdditivePrior = { log: number[]; spread: number[]; noise: number; weight: number };

export type Observation = { terms: number[]; y: number };

/** A prediction as a log-normal with heavy tails: exp(log) is the middle; `sd` is that of the logarithm. */
export type LogPrediction = { log: number; sd: number; weight: number };

/** Huber's bend in standard deviations: 95 % efficiency on normal errors. */
const bend = 1.345;

const totalOf = (log: number[], terms: number[]): number => log.reduce((sum, l, j) => sum + Math.exp(l) * terms[j]!, 0);

/** d log(value) / d log(coefficient): each part's share of the sum. */
function sharesOf(log: number[], terms: number[]): number[] {
  const total = totalOf(log, terms);
  return log.map((l, j) => (Math.exp(l) * terms[j]!) / total);
}

/** The inverse of a small symmetric positive definite matrix (Gauss–Jordan; no pivoting is needed for one). */
function invert(matrix: number[][]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let i = 0; i < n; i++) {
    const pivot = rows[i]![i]!;
    rows[i] = rows[i]!.map((v) => v / pivot);
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const factor = rows[k]![i]!;
      rows[k] = rows[k]!.map((v, j) => v - factor * rows[i]![j]!);
    }
  }
  return rows.map((row) => row.slice(n));
}

const times = (matrix: number[][], v: number[]): number[] =>
  matrix.map((row) => row.reduce((s, a, j) => s + a * v[j]!, 0));

type System = { precision: number[][]; gradient: number[]; loss: number };

/** Curvature, gradient and value of the log posterior at some coefficients, outliers weighed down. */
function systemAt(log: number[], noise: number, observations: Observation[], prior: AdditivePrior): System {
  const precision = log.map((_, i) => log.map((_, j) => (i === j ? prior.spread[i]! ** -2 : 0)));
  const gradient = log.map((l, i) => (prior.log[i]! - l) / prior.spread[i]! ** 2);
  let loss = log.reduce((sum, l, i) => sum + ((l - prior.log[i]!) / prior.spread[i]!) ** 2 / 2, 0);
  for (const { terms, y } of observations) {
    const shares = sharesOf(log, terms);
    const r = (Math.log(y) - Math.log(totalOf(log, terms))) / noise;
    const weight = Math.abs(r) <= bend ? 1 : bend / Math.abs(r);
    loss += Math.abs(r) <= bend ? r ** 2 / 2 : bend * (Math.abs(r) - bend / 2);
    for (let i = 0; i < log.length; i++) {
      gradient[i]! += (weight * r * shares[i]!) / noise;
      for (let j = 0; j < log.length; j++) precision[i]![j]! += (weight * shares[i]! * shares[j]!) / noise ** 2;
    }
  }
  return { precision, gradient, loss };
}

/** The most likely coefficients for a given noise: Newton steps with the Gauss–Newton curvature, halved until they help. */
function climb(start: number[], noise: number, observations: Observation[], prior: AdditivePrior): number[] {
  let log = start;
  let here = systemAt(log, noise, observations, prior);
  for (let iteration = 0; iteration < 50; iteration++) {
    const step = times(invert(here.precision), here.gradient);
    let size = 1;
    let next = log;
    let there = here;
    for (; size > 1e-6; size /= 2) {
      next = log.map((l, i) => l + size * step[i]!);
      there = systemAt(next, noise, observations, prior);
      if (there.loss < here.loss) break;
    }
    if (size <= 1e-6 || here.loss - there.loss < 1e-10) return log;
    log = next;
    here = there;
  }
  return log;
}

/** The noise from what the model left over, capped at the bend so that one odd run does not widen all intervals. */
function noiseOf(log: number[], noise: number, observations: Observation[], prior: AdditivePrior): number {
  const squares = observations.map(({ terms, y }) =>
    Math.min(Math.abs(Math.log(y) - Math.log(totalOf(log, terms))), 2 * bend * noise),
  );
  const sum = squares.reduce((total, r) => total + r ** 2, 0);
  return Math.sqrt((prior.weight * prior.noise ** 2 + sum) / (prior.weight + observations.length));
}

/**
 * Fits the model to observations by robust regression (Huber) of log y, held by the prior: without observations it is
 * the prior, with many the prior does not matter. Terms and y are positive; observations with y = 0 carry no ratio
 * and are left out.
 */
export function fitAdditive(observations: Observation[], prior: AdditivePrior): AdditiveModel {
  const used = observations.filter(({ y }) => y > 0);
  let log = prior.log;
  let noise = prior.noise;
  for (let round = 0; round < 8; round++) {
    log = climb(log, noise, used, prior);
    noise = noiseOf(log, noise, used, prior);
  }
  const covariance = invert(systemAt(log, noise, used, prior).precision);
  return { log, covariance, noise, weight: prior.weight + used.length };
}

/** What the model says of new terms: noise and what is not known of the coefficients together. */
export function predict(model: AdditiveModel, terms: number[]): LogPrediction {
  const shares = sharesOf(model.log, terms);
  const unknown = times(model.covariance, shares).reduce((sum, v, i) => sum + v * shares[i]!, 0);
  return {
    log: Math.log(totalOf(model.log, terms)),
    sd: Math.sqrt(unknown + model.noise ** 2),
    weight: model.weight,
  };
}

/** The 95 % quantile of Student's t (Abramowitz & Stegun 26.7.5; within 0.5 % from 4 degrees of freedom on). */
export function t95(freedom: number): number {
  const z = 1.6448536;
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + g1 / freedom + g2 / freedom ** 2 + g3 / freedom ** 3;
}

/** The 90 % interval of a prediction and its middle, in the unit of y. */
export function intervalOf({ log, sd, weight }: LogPrediction): { low: number; mid: number; high: number } {
  const reach = t95(weight) * sd;
  return { low: Math.exp(log - reach), mid: Math.exp(log), high: Math.exp(log + reach) };
}
