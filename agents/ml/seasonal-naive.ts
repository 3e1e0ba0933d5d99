import type { Problem } from "@muster/shared/domain/problem.ts";
import { SEASON_BEFORE } from "@muster/shared/features/forecast-labels.ts";
import { mae, r2, rmse } from "@muster/shared/stats/metrics.ts";
import type { FeatureColumn } from "./matrix.ts";
import { direction } from "./training/metrics.ts";

/** The column of a forecast's hold-out that says what stood there a season before, where it isn't read already; none for any other problem. */
export const seasonBefore = <T extends { name: string }>(
  { label }: Problem,
  columns: readonly T[],
  read: readonly { name: string }[],
): T[] =>
  label.kind === "forecast" && !read.some(({ name }) => name === SEASON_BEFORE)
    ? columns.filter(({ name }) => name === SEASON_BEFORE)
    : [];

/**
 * What the seasonal-naive forecast comes to on the hold-out (Hyndman and Athanasopoulos, Forecasting: Principles and
 * Practice, 5.2: each value is the one of the season before). Undefined where a row has no season before it.
 */
export function seasonalNaive(
  problem: Problem,
  labels: Float64Array,
  columns: readonly FeatureColumn[],
): Record<string, number> | undefined {
  if (problem.label.kind !== "forecast") return undefined;
  const found = columns.find(({ name }) => name === SEASON_BEFORE);
  if (found?.type !== "number" || found.values.some(Number.isNaN)) return undefined;
  return { rmse: rmse(labels, found.values), mae: mae(labels, found.values), r2: r2(labels, found.values) };
}

/** That a forecast is no better than the season before, as a reason not to rely on it. */
export function beatenBySeason(
  metric: Problem["metric"],
  metrics: Record<string, number>,
  seasonal: Record<string, number> | undefined,
): string[] {
  const [own, before] = [metrics[metric], seasonal?.[metric]];
  if (own === undefined || before === undefined) return [];
  return direction(metric) * (own - before) > 0
    ? []
    : ["no better than the value of the season before in the hold-out"];
}
