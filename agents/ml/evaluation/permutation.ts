import type { PermutedFeature } from "@muster/shared/domain/evaluation-report.ts";
import { shuffled } from "@muster/shared/random.ts";
import { takeRows } from "../encode.ts";
import type { FeatureColumn } from "../matrix.ts";

/** How a model is asked: its metric on rows (higher is better by `sign`), given their features. */
export type Permuted = {
  columns: FeatureColumn[];
  rows: number;
  /** The metric of the model's answers on all rows with these features. */
  metric: (columns: FeatureColumn[]) => Promise<number>;
  /** 1 where higher is better, −1 where lower is. */
  sign: 1 | -1;
  repeats: number;
  random: () => number;
};

/**
 * Permutation importance (Breiman 2001; Fisher et al. 2019): how much worse the metric gets when one feature's values are
 * dealt out anew among the rows, over `repeats`; largest drop first. A feature that another one tells as well shows
 * little. Costs features × repeats × rows answers.
 */
export async function permutationImportance(of: Permuted): Promise<PermutedFeature[]> {
  const { columns, rows, metric, sign, repeats, random } = of;
  const whole = await metric(columns);
  const found: PermutedFeature[] = [];
  for (const [at, column] of columns.entries()) {
    const drops: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const [dealt] = takeRows([column], shuffled(rows, random));
      drops.push(sign * (whole - (await metric(columns.with(at, dealt!)))));
    }
    const drop = drops.reduce((sum, one) => sum + one, 0) / repeats;
    const spread = drops.reduce((sum, one) => sum + (one - drop) ** 2, 0) / Math.max(1, repeats - 1);
    found.push({ name: column.name, drop, se: Math.sqrt(spread / repeats) });
  }
  return found.sort((a, b) => b.drop - a.drop || (a.name < b.name ? -1 : 1));
}
