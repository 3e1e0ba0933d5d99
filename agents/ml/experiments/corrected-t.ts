import { fault } from "@muster/shared/fault.ts";
import { studentCdf, studentQuantile } from "@muster/shared/stats/distributions.ts";

/**
 * What the differences of two models over the same folds come to: their mean, its corrected standard error, t, the two-sided p
 * and the 95 % interval, by Student's t with folds − 1 degrees of freedom. `p` is 0 or 1 where all differences are equal.
 */
export type CorrectedT = {
  folds: number;
  mean: number;
  se: number;
  t: number | null;
  p: number;
  low: number;
  high: number;
};

/**
 * The corrected resampled t of Nadeau and Bengio (2003, eq. 9): folds share training rows, so the variance of the mean is
 * (1/k + test/train) · s² rather than s²/k. An approximation that suits dependent folds, not a test. `testToTrain`: rows
 * scored by rows trained on of a usual fold (1/(k − 1) in k-fold cross-validation). `unfit` below two folds.
 */
export function correctedT(differences: readonly number[], testToTrain: number): CorrectedT {
  const folds = differences.length;
  if (folds < 2) throw fault("unfit", "a paired comparison needs at least two folds that both models were scored on");
  const mean = differences.reduce((sum, d) => sum + d, 0) / folds;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (folds - 1);
  const se = Math.sqrt((1 / folds + testToTrain) * variance);
  if (se === 0) return { folds, mean, se, t: null, p: mean === 0 ? 1 : 0, low: mean, high: mean };
  const t = mean / se;
  const half = studentQuantile(0.975, folds - 1) * se;
  return { folds, mean, se, t, p: 2 * studentCdf(-Math.abs(t), folds - 1), low: mean - half, high: mean + half };
}
