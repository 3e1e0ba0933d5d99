import { betaLower, logGamma } from "@muster/shared/stats/distributions.ts";

/**
 * ln of the evidence that an event is more frequent than `bound` (0..1), by `hits` of `n` trials: the mean likelihood ratio
 * against `bound` over every share above it. While the share is at most `bound` it ever reaches 1/α with chance α at most, at
 * whichever n one looks (Robbins 1970; Ville's inequality).
 */
export function shareEvidence(hits: number, n: number, bound: number): number {
  const [a, b] = [hits + 1, n - hits + 1];
  const above = Math.log(betaLower(1 - bound, b, a)) + logGamma(a) + logGamma(b) - logGamma(a + b);
  return above - Math.log(1 - bound) - hits * Math.log(bound) - (n - hits) * Math.log(1 - bound);
}

/**
 * The always-valid p-value of so many hits of `n` where each should come with chance `share`: at whichever n one looks, it ever falls to p with
 * chance p at most (Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022, with a uniform prior).
 */
export function shareP(hits: number, n: number, share: number): number {
  const mixed = logGamma(hits + 1) + logGamma(n - hits + 1) - logGamma(n + 2);
  return Math.min(1, Math.exp(hits * Math.log(share) + (n - hits) * Math.log(1 - share) - mixed));
}
