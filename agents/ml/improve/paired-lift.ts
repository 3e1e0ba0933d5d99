import type { LiftFigure, PairedLift } from "@muster/shared/domain/improvement.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { bootstrapReplicates } from "@muster/shared/stats/bootstrap.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import type { Draws } from "../draws.ts";
import { direction } from "../training/metrics.ts";
import { onRows, type Scored, weightedMetrics } from "../weighted-metrics.ts";

/** One side's answers on the rows, and its recorded threshold (binary; null elsewhere). */
export type Side = { scored: Scored; threshold: number | null };

/** What is compared: both sides on the same rows in the same order, what is drawn, the metric of the test, the rows of a slice. */
export type LiftInput = {
  base: Side;
  challenger: Side;
  draws: Draws;
  metric: string;
  slice: { words: string; rows: Int32Array } | null;
  seed: number;
};

/** The lift as it is measured; whose it is, the caller says. */
export type MeasuredLift = Omit<PairedLift, "base" | "challenger" | "sliceNote">;

/** The figures told for a task; the metric of the test comes with them. */
const told: Record<Scored["task"], readonly string[]> = {
  binary: ["roc_auc", "average_precision", "precision", "recall"],
  multiclass: ["roc_auc", "f1_macro", "accuracy"],
  regression: ["rmse", "mae", "r2"],
};

/**
 * How much better the challenger answers the same rows: each metric of both sides and the difference, positive where the
 * challenger is better, with a 95 % percentile interval by 200 to 1,000 resamples (fewer for more rows) in which both sides
 * meet the same draws. A figure that is undefined on all rows, or in half of the resamples, is null.
 * `above`: the interval of `metric` over all rows lies above zero.
 */
export function pairedLift({ base, challenger, draws, metric, slice, seed }: LiftInput): MeasuredLift {
  const rows = base.scored.labels.length;
  const repetitions = Math.min(1000, Math.max(200, Math.floor(2e7 / Math.max(1, rows))));
  const names = [...new Set([metric, ...told[base.scored.task]])];
  const parts = [
    { key: "all", ...both(base, challenger, null) },
    ...(slice && slice.rows.length > 0 ? [{ key: "slice", ...both(base, challenger, slice.rows) }] : []),
  ];
  const measure = (weights: Int32Array): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const part of parts) {
      const own = part.rows === null ? weights : Int32Array.from(part.rows, (row) => weights[row]!);
      const [before, after] = [part.base(own), part.challenger(own)];
      for (const name of names) {
        found[`${part.key} ${name} base`] = before[name] ?? Number.NaN;
        found[`${part.key} ${name} challenger`] = after[name] ?? Number.NaN;
        found[`${part.key} ${name} lift`] = better(name) * ((after[name] ?? Number.NaN) - (before[name] ?? Number.NaN));
      }
    }
    return found;
  };
  const value = measure(new Int32Array(rows).fill(1));
  const replicates = bootstrapReplicates(
    { rows, clusters: draws.clusters, repetitions, random: seededRandom(seed) },
    measure,
  );
  const figures = (key: string): Record<string, LiftFigure> =>
    Object.fromEntries(
      names.map((name) => {
        const one = (what: string) => finite(value[`${key} ${name} ${what}`]!);
        const lift = one("lift");
        const interval = lift === null ? null : intervalOf(replicates[`${key} ${name} lift`]!);
        return [
          name,
          { base: one("base"), challenger: one("challenger"), lift: interval && { value: lift!, ...interval } },
        ];
      }),
    );
  const overall = figures("all");
  return {
    ...{ metric, above: (overall[metric]?.lift?.low ?? 0) > 0, rows },
    ...{ by: draws.by, clusters: draws.count, repetitions, seed, overall },
    slice: parts.length > 1 ? { words: slice!.words, rows: slice!.rows.length, figures: figures("slice") } : null,
  };
}

/** 1 where more is better, −1 where less is; precision and recall aren't among the metrics that models are chosen by. */
const better = (name: string): 1 | -1 =>
  name === "precision" || name === "recall" ? 1 : direction(name as Parameters<typeof direction>[0]);

const finite = (value: number): number | null => (Number.isNaN(value) ? null : value);

function both(base: Side, challenger: Side, rows: Int32Array | null) {
  const of = ({ scored, threshold }: Side) => weightedMetrics(rows === null ? scored : onRows(scored, rows), threshold);
  return { rows, base: of(base), challenger: of(challenger) };
}

function intervalOf(replicates: Float64Array): { low: number; high: number } | null {
  const defined = sorted(replicates.filter((value) => !Number.isNaN(value)));
  if (defined.length < 2 || defined.length < replicates.length / 2) return null;
  return { low: quantile(defined, 0.025), high: quantile(defined, 0.975) };
}
