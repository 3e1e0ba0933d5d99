import type { RunResult } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";
import type { Question } from "./one-question.ts";
import type { ListedRun } from "./run.ts";
import { evaluationOf } from "./trained-facts.ts";

/** A run among others: its figure of the metric and where that comes from, and what else tells it apart. */
export const BoardLine = z.object({
  run: z.string(),
  name: z.string(),
  origin: z.enum(["trained", "outside"]),
  status: z.string(),
  algorithm: z.string().nullable(),
  model: z.string().nullable(),
  target: z.string().nullable(),
  value: z.number().nullable(),
  /** Which figure `value` is. */
  measured: z.enum(["cross-validated", "as logged", "not measured"]),
  cv: z.record(z.string(), z.object({ mean: z.number(), se: z.number() })),
  /** On the sealed hold-out, by its newest look; null where nobody looked. */
  holdout: z
    .object({
      metrics: z.record(z.string(), z.number()),
      intervals: z.record(z.string(), z.tuple([z.number(), z.number()])),
      look: z.number().int(),
    })
    .nullable(),
  logged: z.record(z.string(), z.number()),
  parameters: z.record(z.string(), z.string()),
  training: z.string().nullable(),
  cpuSeconds: z.number().nullable(),
});
export type BoardLine = z.infer<typeof BoardLine>;

/** The runs side by side, best first; those without the metric last. `invalid_input` where none has it. */
export async function boardOf(
  runs: readonly ListedRun[],
  results: ReadonlyMap<string, RunResult>,
  { metric, direction }: Question,
  { tracking, evidence }: Pick<MlDeps, "tracking" | "evidence">,
): Promise<BoardLine[]> {
  const lines: BoardLine[] = [];
  for (const run of runs) {
    const result = results.get(run.id);
    const [last, notes] = await Promise.all([tracking.lastMetrics(run.id), tracking.notesOf(run.id)]);
    const logged = Object.fromEntries(last.map(({ key, value }) => [key, value]));
    const chosen = result?.board.find((row) => row.chosen)?.parameters ?? {};
    const evaluation = result ? await evaluationOf(result.model, evidence) : null;
    const cv = result?.cv ?? {};
    const value = cv[metric]?.mean ?? logged[metric] ?? null;
    const { name, origin, status, algorithm, model, target, cpuSeconds } = run;
    lines.push({
      ...{ run: run.id, name, origin, status, algorithm, model, target, cpuSeconds, value, cv, logged },
      measured: cv[metric] ? "cross-validated" : value === null ? "not measured" : "as logged",
      holdout: evaluation && { metrics: evaluation.metrics, intervals: evaluation.intervals, look: evaluation.look },
      parameters: {
        ...Object.fromEntries(Object.entries(chosen).map(([key, one]) => [key, String(one)])),
        ...notes.params,
      },
      training: result?.training ?? null,
    });
  }
  if (lines.every(({ value }) => value === null))
    throw fault("invalid_input", `none of these runs has a ${metric}; name a metric that they have`);
  const worst = -direction * Number.POSITIVE_INFINITY;
  return lines.sort((a, b) => direction * ((b.value ?? worst) - (a.value ?? worst)) || (a.run < b.run ? -1 : 1));
}
