import type { Association } from "@muster/shared/features/associations.ts";
import { shuffled } from "@muster/shared/random.ts";
import { entropy, mutualInformation } from "@muster/shared/stats/mutual-information.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { strengthOf } from "../suggest-features.ts";
import type { SampledColumn, SampledTarget } from "./sampled.ts";

/** How often the target is shuffled; the noise level is the 95 % quantile over them. */
const SHUFFLES = 30;
const LEVEL = 0.95;

/** ROC AUC of the ranks for the second class, ties at half, over the rows that have a value; null with one class. */
function aucOf(ranks: Float64Array, codes: Int32Array): number | null {
  let [sum, positives, n] = [0, 0, 0];
  for (let i = 0; i < ranks.length; i++) {
    const rank = ranks[i]!;
    if (Number.isNaN(rank)) continue;
    n++;
    if (codes[i] !== 1) continue;
    positives++;
    sum += rank;
  }
  if (positives === 0 || positives === n) return null;
  return (sum - (positives * (positives + 1)) / 2) / (positives * (n - positives));
}

/** Pearson's correlation of two columns of ranks over the rows that have both; null where one is constant. */
function correlationOf(a: Float64Array, b: Float64Array): number | null {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  const [ca, cb] = [a.length / 2, b.length / 2];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - ca, b[i]! - cb];
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    n++;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  const [va, vb] = [saa - (sa * sa) / n, sbb - (sb * sb) / n];
  return va > 1e-6 && vb > 1e-6 ? (sab - (sa * sb) / n) / Math.sqrt(va * vb) : null;
}

/** How a feature goes with the target on the sampled rows: the same figures as associations have from SQL. */
export function associationOf(column: SampledColumn, target: SampledTarget): Association {
  const { raw, bias } = mutualInformation(column.coded, target.coded);
  const h = entropy(target.coded);
  const { ranks, name, missing, distinct } = column;
  const rank =
    ranks === null || target.task === "multiclass"
      ? null
      : target.ranks === null
        ? aucOf(ranks, target.coded.codes)
        : correlationOf(ranks, target.ranks);
  const information = h > 0 ? Math.max(0, Math.min(1, (raw - bias) / h)) : 0;
  return { name, rows: column.coded.codes.length, missing, distinct, rank, information };
}

/**
 * The noise level of each feature's strength: what a feature with its values, but without anything to say about the target,
 * stays below in 95 of 100 samples (30 seeded shuffles of the target, the same for all features).
 */
export function noiseOf(
  columns: readonly SampledColumn[],
  target: SampledTarget,
  random: () => number,
): Map<string, number> {
  const found = columns.map(() => new Float64Array(SHUFFLES));
  const rows = target.coded.codes.length;
  for (let k = 0; k < SHUFFLES; k++) {
    const order = shuffled(rows, random);
    const drawn: SampledTarget = {
      ...target,
      coded: { ...target.coded, codes: Int32Array.from(order, (row) => target.coded.codes[row]!) },
      ranks: target.ranks && Float64Array.from(order, (row) => target.ranks![row]!),
    };
    columns.forEach((column, i) => {
      found[i]![k] = strengthOf(target.task, associationOf(column, drawn));
    });
  }
  return new Map(columns.map(({ name }, i) => [name, quantile(found[i]!.sort(), LEVEL)]));
}
