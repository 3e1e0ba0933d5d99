import type { DriftVerdict, MetricDrift, PerformanceDrift } from "@muster/shared/domain/drift-report.ts";
import { fault } from "@muster/shared/fault.ts";
import { bootstrapReplicates } from "@muster/shared/stats/bootstrap.ts";
import { normalQuantile } from "@muster/shared/stats/distributions.ts";
import { type Scored, weightedMetrics } from "../weighted-metrics.ts";

const resamples = 200;
const leastRows = 50;
/** Rows of each class that a ranking metric needs before its interval means anything. */
const leastOfClass = 20;

/** What is watched: which way is worse, and the least worsening that matters (relative to the reference where `relative`). */
const watched: Record<Scored["task"], { metric: string; higherIsBetter: boolean; least: number; relative: boolean }[]> =
  {
    binary: [
      { metric: "roc_auc", higherIsBetter: true, least: 0.02, relative: false },
      { metric: "log_loss", higherIsBetter: false, least: 0.05, relative: true },
      { metric: "calibration_gap", higherIsBetter: false, least: 0.02, relative: false },
    ],
    multiclass: [
      { metric: "roc_auc", higherIsBetter: true, least: 0.02, relative: false },
      { metric: "log_loss", higherIsBetter: false, least: 0.05, relative: true },
    ],
    regression: [
      { metric: "rmse", higherIsBetter: false, least: 0.05, relative: true },
      { metric: "mae", higherIsBetter: false, least: 0.05, relative: true },
    ],
  };

/**
 * Whether a model got worse on matured labels: each watched metric in both windows, its worsening with a normal interval
 * from bootstrap deviations (both windows drawn again; one-sided α = 0.01 shared by the metrics), drifted where the interval lies above 0 and the worsening
 * reaches the least that matters. Abstains below 50 rows, or 20 of a class (binary), in either window.
 */
export function performanceDrift(reference: Scored, current: Scored, random: () => number): PerformanceDrift {
  if (reference.task !== current.task) throw fault("invalid_input", "both windows need the labels of one task");
  const lacking = whatLacks(reference) ?? whatLacks(current);
  if (lacking !== null) return { verdict: "abstained", reason: lacking, metrics: [] };
  const before = windowOf(reference, random);
  const now = windowOf(current, random);
  const list = watched[reference.task];
  const reach = normalQuantile(1 - 0.01 / list.length);
  const metrics = list.map(({ metric, higherIsBetter, least, relative }): MetricDrift => {
    const sign = higherIsBetter ? -1 : 1;
    const spread = Math.sqrt(varianceOf(now.replicates[metric]!) + varianceOf(before.replicates[metric]!));
    const worse = sign * (now.value[metric]! - before.value[metric]!);
    const low = worse - reach * spread;
    const needed = relative ? least * before.value[metric]! : least;
    const verdict: DriftVerdict = low > 0 && worse >= needed ? "drifted" : "not_drifted";
    return {
      metric,
      reference: before.value[metric]!,
      current: now.value[metric]!,
      worse,
      low,
      high: worse + reach * spread,
      least: needed,
      verdict,
    };
  });
  const drifted = metrics.filter((m) => m.verdict === "drifted").map((m) => m.metric);
  return drifted.length > 0
    ? { verdict: "drifted", reason: `worse on matured labels: ${drifted.join(", ")}`, metrics }
    : { verdict: "not_drifted", reason: "no metric got worse by more than chance and by enough to matter", metrics };
}

/** The variance of the defined values. */
function varianceOf(values: Float64Array): number {
  const defined = values.filter((v) => !Number.isNaN(v));
  const mean = defined.reduce((a, v) => a + v, 0) / defined.length;
  return defined.reduce((a, v) => a + (v - mean) ** 2, 0) / (defined.length - 1);
}

function windowOf(scored: Scored, random: () => number) {
  const rows = scored.labels.length;
  const statistics = weightedMetrics(scored);
  const replicates = bootstrapReplicates({ rows, clusters: null, repetitions: resamples, random }, statistics);
  return { value: statistics(new Int32Array(rows).fill(1)), replicates };
}

function whatLacks(scored: Scored): string | null {
  if (scored.labels.length < leastRows) {
    return `${scored.labels.length} rows have a matured label; at least ${leastRows} are needed`;
  }
  if (scored.task === "regression") return null;
  const counts = new Map<number, number>();
  for (let i = 0; i < scored.labels.length; i++)
    counts.set(scored.labels[i]!, (counts.get(scored.labels[i]!) ?? 0) + 1);
  const enough = [...counts.values()].filter((n) => n >= leastOfClass).length;
  return enough >= 2 ? null : `fewer than two classes have ${leastOfClass} matured labels`;
}
