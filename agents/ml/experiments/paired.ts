import type { Task } from "@muster/shared/domain/problem.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { bootstrapIntervals, denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { scoredOf } from "../holdout.ts";
import { weightedMetrics } from "../weighted-metrics.ts";
import type { OutOfFoldFile } from "./kept-answers.ts";

/** Answers of one model to some rows: which rows, their labels, what it said, the threshold it serves by. */
export type Answered = {
  row: readonly number[];
  label: readonly number[];
  prediction: readonly (readonly number[])[];
  threshold: number | null;
};

/** The difference of a metric (first − second) on the same rows, with its 95 % interval. */
export type PairedInterval = { value: number; low: number; high: number; rows: number; groups: number | null };

const same = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((v, i) => v === b[i]);

/** Why two runs can't be compared fold by fold; null where the same rows, with the same labels, lie in the same folds. */
export function unpaired(a: OutOfFoldFile, b: OutOfFoldFile): string | null {
  if (!same(a.row, b.row)) return "they were cross-validated on other rows";
  if (!same(a.label, b.label) || a.classes.join("\0") !== b.classes.join("\0")) return "their rows have other labels";
  return same(a.fold, b.fold) ? null : "their rows lie in other folds";
}

/** Differences of a metric's scores on the folds where both have one. */
export function foldDifferences(a: OutOfFoldFile, b: OutOfFoldFile, metric: string): number[] {
  const [own, other] = [a.scores[metric] ?? [], b.scores[metric] ?? []];
  return own.flatMap((value, fold) => {
    const against = other[fold];
    return value === null || against === null || against === undefined ? [] : [value - against];
  });
}

/** Rows scored by rows trained on, of the mean fold. Folds that follow time are trained on what lies before them only. */
export function testToTrain({ fold }: OutOfFoldFile): number {
  const counts = new Map<number, number>();
  for (const one of fold) counts.set(one, (counts.get(one) ?? 0) + 1);
  const forward = counts.has(-1);
  const folds = [...counts.keys()].filter((one) => one >= 0);
  const ratios = folds.map((one) => {
    const test = counts.get(one)!;
    const before = [...counts].filter(([other]) => other < one).reduce((sum, [, count]) => sum + count, 0);
    return test / (forward ? before : fold.length - test);
  });
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
}

/**
 * The paired difference of a metric on the same rows by bootstrap, percentiles at 95 %: groups of rows (`cluster`, dense
 * indices; null where each row stands alone) are drawn as a whole, and both models are measured on every draw. Above `most`
 * rows whole groups are left out evenly until that many are left.
 */
export function pairedBootstrap(
  task: Task,
  metric: string,
  [a, b]: readonly [Answered, Answered],
  { cluster, seed, most = 100_000 }: { cluster: Int32Array | null; seed: number; most?: number },
): PairedInterval | null {
  const rows = a.row.length;
  const groupOf = (i: number) => (cluster ? cluster[i]! : i);
  const every = Math.max(1, Math.ceil(rows / most));
  const kept = Int32Array.from(a.row.keys()).filter((i) => groupOf(i) % every === 0);
  const dense = cluster && denseClusters(kept.map((i) => cluster[i]!));
  const groups = new Set(dense).size;
  const clusters = groups > 1 && groups < kept.length ? dense : null;
  const metricsOf = ({ label, prediction, threshold }: Answered) =>
    weightedMetrics(
      scoredOf(
        task,
        Float64Array.from(kept, (i) => label[i]!),
        prediction.map((output) => Float64Array.from(kept, (i) => output[i]!)),
      ),
      threshold,
    );
  const [own, other] = [metricsOf(a), metricsOf(b)];
  const whole = own(new Int32Array(kept.length).fill(1))[metric];
  if (whole === undefined || Number.isNaN(whole)) return null;
  const { difference } = bootstrapIntervals(
    {
      rows: kept.length,
      clusters,
      repetitions: Math.min(1000, Math.max(200, Math.floor(4e6 / Math.max(1, kept.length)))),
      random: seededRandom(seed),
    },
    (weights) => ({ difference: own(weights)[metric]! - other(weights)[metric]! }),
  );
  const { value, low, high } = difference;
  return { value, low, high, rows: kept.length, groups: clusters && groups };
}
