import type { TrainingWork } from "@muster/shared/domain/estimate.ts";

export type Algorithm = TrainingWork["algorithm"];

/**
 * What a candidate's cost is a sum of; the coefficients are fitted.
 * CPU: trees: once; histograms per fit, round and column; cells per round. Linear: once; cells per round (a gradient);
 * cells × columns per round (a Newton step). Others: once; rows.
 * Memory: once; cells; for trees, rows × rounds (a forest keeps every tree's rows while it grows). CPU counts every
 * pass over the data: with k folds each row is trained on k − 1 times and once more in the refit, which makes k.
 */
export function workTerms(work: TrainingWork): { cpu: number[]; memory: number[] } {
  const { algorithm, rows, columns, rounds, folds } = work;
  const passes = Math.max(1, folds);
  const fits = folds > 1 ? folds + 1 : 1;
  const cells = rows * columns;
  const memory = [1, cells];
  const trees = [1, cells, rows * rounds];
  if (algorithm === "xgboost" || algorithm === "random_forest")
    return { cpu: [1, fits * rounds * columns, passes * cells * rounds], memory: trees };
  if (algorithm === "linear") return { cpu: [1, passes * cells * rounds, passes * cells * columns * rounds], memory };
  return { cpu: [1, passes * rows], memory };
}
