/**
 * The half width of the two-sided asymptotic confidence sequence of a mean after `n` observations of standard deviation
 * `deviation`: with chance 1 − α it holds at all n at once, so that it may be looked at whenever one likes. Waudby-Smith, Arbour,
 * Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences" (Annals of Statistics
 * 2024), theorem 2.2: σ √(2(nρ² + 1)/(n²ρ²) · log(√(nρ² + 1)/α)).
 */
export function halfWidth({
  n,
  deviation,
  alpha,
  rho,
}: {
  n: number;
  deviation: number;
  alpha: number;
  rho: number;
}): number {
  const spread = n * rho * rho + 1;
  return deviation * Math.sqrt(((2 * spread) / (n * n * rho * rho)) * Math.log(Math.sqrt(spread) / alpha));
}

/** The ρ by which the sequence is about tightest at `n` observations (same source, appendix B.2). */
export function rhoFor(n: number, alpha: number): number {
  const tail = -2 * Math.log(alpha);
  return Math.sqrt((tail + Math.log(tail + 1)) / n);
}

/** Observations of one group: how many, their mean and variance (n − 1). */
export type Moments = { n: number; mean: number; variance: number };

/** The moments of values; NaN where there are too few. */
export function momentsOf(values: ArrayLike<number>): Moments {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  return { n, mean, variance: n > 1 ? squares / (n - 1) : Number.NaN };
}

/** A difference with its always-valid interval; `n` counts all observations. */
export type SequenceInterval = { difference: number; low: number; high: number; n: number };

/**
 * The difference of the means of two independent groups (b − a): the sequence over all observations of the estimator's
 * influence function, whose variance is n · (s²a/na + s²b/nb).
 */
export function differenceSequence(a: Moments, b: Moments, alpha: number, rho: number): SequenceInterval {
  const n = a.n + b.n;
  const deviation = Math.sqrt(n * (a.variance / a.n + b.variance / b.n));
  const half = halfWidth({ n, deviation, alpha, rho });
  const difference = b.mean - a.mean;
  return { difference, low: difference - half, high: difference + half, n };
}

/** The mean of paired differences. */
export function pairedSequence({ n, mean, variance }: Moments, alpha: number, rho: number): SequenceInterval {
  const half = halfWidth({ n, deviation: Math.sqrt(variance), alpha, rho });
  return { difference: mean, low: mean - half, high: mean + half, n };
}
