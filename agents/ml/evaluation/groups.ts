import type { GroupFigures } from "@muster/shared/domain/evaluation-report.ts";
import type { Task } from "@muster/shared/domain/problem.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { bootstrapIntervals, denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { MetricName } from "../training/job.ts";
import { direction } from "../training/metrics.ts";
import { onRows, type Scored, weightedMetrics } from "../weighted-metrics.ts";

/** With fewer rows a group's figures are noise, and a category could name somebody. */
const fewestRows = 100;
/** A ranking of a group wants so many rows of each class. */
const fewestOfClass = 10;
/** Groups that are told where none were asked for. */
const told = 10;
const repetitions = 200;

type Group = Pick<GroupFigures, "feature" | "in" | "from" | "to"> & { rows: Int32Array };

/** The groups of a feature with at least 100 rows: its categories, or the ranges between its quartiles. Missing values are in none. */
function groupsOf({ name, ...column }: FeatureColumn): Group[] {
  const members = new Map<string, number[]>();
  const edges = column.type === "number" ? quartiles(column.values) : [];
  column.values.forEach((value: number | string, row: number) => {
    if (value === "" || Number.isNaN(value)) return;
    const key = typeof value === "number" ? String(edges.filter((edge) => value >= edge).length) : value;
    const own = members.get(key);
    if (own) own.push(row);
    else members.set(key, [row]);
  });
  return [...members]
    .filter(([, rows]) => rows.length >= fewestRows)
    .map(([key, rows]) => {
      const at = Number(key);
      const range = { in: null, from: edges[at - 1] ?? null, to: edges[at] ?? null };
      const one = { in: key, from: null, to: null };
      return { feature: name, ...(column.type === "number" ? range : one), rows: Int32Array.from(rows) };
    });
}

function quartiles(values: Float64Array): number[] {
  const known = sorted(values.filter((value) => !Number.isNaN(value)));
  if (known.length === 0) return [];
  return [...new Set([0.25, 0.5, 0.75].map((share) => quantile(known, share)))].filter((edge) => edge > known[0]!);
}

/** Whether each class that the group has is there often enough, and at least two are. */
function enoughClasses({ task, labels }: Scored): boolean {
  if (task === "regression") return true;
  const counts = new Map<number, number>();
  for (let row = 0; row < labels.length; row++) counts.set(labels[row]!, (counts.get(labels[row]!) ?? 0) + 1);
  return counts.size > 1 && [...counts.values()].every((count) => count >= fewestOfClass);
}

function labelOf(task: Task, labels: ArrayLike<number>): number | null {
  if (task === "multiclass") return null;
  let sum = 0;
  for (let row = 0; row < labels.length; row++) sum += labels[row]!;
  return sum / labels.length;
}

/**
 * The problem's metric by group of the hold-out's rows: all groups of the features asked for, else the ten worst of all
 * features' groups. Intervals by bootstrap (95 %, 200 resamples of rows, or of clusters where entities repeat). Groups
 * of fewer than 100 rows are left out; one with too few rows of a class has no metric.
 */
export function groupFigures(
  scored: Scored,
  columns: FeatureColumn[],
  by: {
    metric: MetricName;
    asked: readonly string[] | null;
    clusters: Int32Array | null;
    threshold: number | null;
    seed: number;
  },
): { asked: boolean; of: number; list: GroupFigures[] } {
  const { metric, asked, clusters, threshold, seed } = by;
  const groups = columns
    .filter(({ name }) => asked === null || asked.includes(name))
    .flatMap(groupsOf)
    .map((group) => {
      const own = onRows(scored, group.rows);
      const of = enoughClasses(own) ? weightedMetrics(own, threshold) : null;
      return { ...group, own, of, value: of?.(new Int32Array(group.rows.length).fill(1))[metric] ?? Number.NaN };
    });
  const sign = direction(metric);
  const worst = groups.filter(({ value }) => !Number.isNaN(value)).sort((a, b) => sign * (a.value - b.value));
  const list = (asked === null ? worst.slice(0, told) : groups).map((group): GroupFigures => {
    const { rows, own, of, value, ...named } = group;
    const dense = clusters === null ? null : denseClusters(rows.map((row) => clusters[row]!));
    const drawn = { rows: rows.length, clusters: dense, repetitions, random: seededRandom(seed) };
    const span =
      of === null || Number.isNaN(value)
        ? null
        : bootstrapIntervals(drawn, (weights) => ({ [metric]: of(weights)[metric] ?? Number.NaN }))[metric]!;
    return {
      ...named,
      rows: rows.length,
      label: labelOf(own.task, own.labels),
      metric: span && { value: span.value, low: span.low, high: span.high },
    };
  });
  return { asked: asked !== null, of: groups.length, list };
}
