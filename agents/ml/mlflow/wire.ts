import type { RunStatus } from "../experiments/run.ts";

/** A value of a metric as MLflow takes it; times in epoch milliseconds. */
export type WireMetric = { key: string; value: number; timestamp: number; step: number };
/** A parameter or tag as MLflow takes it. */
export type WirePair = { key: string; value: string };

/** What one `runs/log-batch` may hold, by MLflow's own limits, and the longest values. */
export const batchLimits = { metrics: 1000, params: 100, tags: 100, all: 1000, param: 500, tag: 5000 } as const;

/** Pairs of a record; a value that is longer than the server takes ends with an ellipsis. */
export const pairsOf = (record: Readonly<Record<string, string>>, most: number): WirePair[] =>
  Object.entries(record).map(([key, value]) => ({
    key: key.slice(0, 250),
    value: value.length > most ? `${value.slice(0, most - 1)}…` : value,
  }));

const parts = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));

/** A run's figures in bodies that each keep the limits of `runs/log-batch`. */
export function batchesOf(
  remote: string,
  { metrics, params, tags }: { metrics: readonly WireMetric[]; params: readonly WirePair[]; tags: readonly WirePair[] },
): Record<string, unknown>[] {
  const limit = Math.min(batchLimits.metrics, batchLimits.all);
  return [
    ...parts(params, batchLimits.params).map((some) => ({ run_id: remote, params: some })),
    ...parts(tags, batchLimits.tags).map((some) => ({ run_id: remote, tags: some })),
    ...parts(metrics, limit).map((some) => ({ run_id: remote, metrics: some })),
  ];
}

/** Our words for where a run stands in MLflow's. */
export const statusOf: Record<RunStatus, string> = {
  ...{ running: "RUNNING", finished: "FINISHED" },
  ...{ failed: "FAILED", cancelled: "KILLED" },
};
