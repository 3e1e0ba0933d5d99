import type { Context } from "@muster/bus/context.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { RunStore } from "./store.ts";

/** The tools whose work is a run, each with the fact that it gives. */
export const runTools = {
  build_labels: "labels.built",
  materialize_features: "features.materialized",
  backfill: "features.backfilled",
} as const;
export type RunTool = keyof typeof runTools;

/** A run of a pipeline: what is written for whom, over which problem. `input`: what the tool was asked beside its needs. */
export type Run = {
  id: string;
  /** The idempotency key of the call: its stored result says how a run ended that was never marked. */
  key: string;
  tool: RunTool;
  request: string | null;
  person: string | null;
  problem: string;
  dataset: string;
  view: string | null;
  input: Record<string, unknown>;
  status: "running" | "finished";
  /** The dataset version that was written. */
  output: string | null;
  rows: number | null;
  /** The newest moment that the written rows know of. */
  asOf: string | null;
  startedAt: string;
  finishedAt: string | null;
};

/** What a run ends with. */
export type RunEnd = { output: string; rows: number; asOf: string | null };

/**
 * Records that a run began and gives what ends it in the tool's own transaction. The beginning is written at once: a run
 * that fails or whose process dies has begun all the same.
 */
export async function beginRun(
  { key, id, request, person, now, commit }: Context,
  runs: RunStore,
  what: { tool: RunTool; problem: Problem; view: string | null; input: Record<string, unknown> },
): Promise<(end: RunEnd) => void> {
  const { tool, problem, view, input } = what;
  const run = id("run");
  await runs.begin({
    ...{ id: run, key, tool, request, person, view, input },
    problem: problem.hash,
    dataset: problem.dataset,
    startedAt: now().toISOString(),
  });
  return (end) => commit((trx) => runs.finish(trx, run, end, now().toISOString()));
}
