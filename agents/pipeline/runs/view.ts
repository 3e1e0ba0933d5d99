import type { Evidence } from "@muster/bus/evidence.ts";
import { DatasetPin } from "@muster/shared/domain/dataset.ts";
import { z } from "zod";
import { type Run, runTools } from "./run.ts";

/** A run as others see it. `error`: why it didn't finish; `seconds`: from its beginning to its end. */
export const RunView = z.object({
  run: z.string(),
  tool: z.enum(Object.keys(runTools) as [keyof typeof runTools]),
  status: z.enum(["running", "finished", "failed", "cancelled"]),
  request: z.string().nullable(),
  person: z.string().nullable(),
  problem: z.string(),
  dataset: z.string(),
  view: z.string().nullable(),
  input: z.record(z.string(), z.unknown()),
  output: DatasetPin.nullable(),
  rows: z.number().int().nullable(),
  asOf: z.string().nullable(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  seconds: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type RunView = z.infer<typeof RunView>;

/** A run with what it came to. One that failed or whose process died was never marked: its call's stored result says how it ended. */
export async function viewOf(run: Run, evidence: Evidence): Promise<RunView> {
  const { id, key, status, startedAt, finishedAt, ...rest } = run;
  const seconds = finishedAt === null ? null : (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const view = { run: id, ...rest, startedAt, finishedAt, seconds };
  const result = status === "running" ? await evidence.store.result(key) : null;
  if (!result || result.outcome.ok) return { ...view, status, error: null };
  const { code, message } = result.outcome.fault;
  return { ...view, status: code === "cancelled" ? "cancelled" : "failed", error: { code, message } };
}
