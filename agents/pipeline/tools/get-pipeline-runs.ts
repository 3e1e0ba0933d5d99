import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { RunView, viewOf } from "../runs/view.ts";

/** How fresh the newest rows of a view are: what they know of, and when they were written. */
const Freshness = z.object({
  view: z.string(),
  output: z.string(),
  asOf: z.string().nullable(),
  writtenAt: z.string(),
  hoursSinceWritten: z.number(),
});

export const getPipelineRuns = tool({
  name: "get_pipeline_runs",
  does: "Shows the newest runs of labels and features: what each wrote, how it ended and why, and how fresh each view's newest rows are.",
  effect: "read",
  input: z.object({
    view: z.string().min(1).max(200).optional(),
    limit: z.number().int().min(1).max(100).default(50),
  }),
  output: z.object({ runs: z.array(RunView), freshness: z.array(Freshness), verdict: z.string() }),
  cost: { ms: 30 },
  run: async ({ view, limit }, { store, runs, evidence, now }: Context & PipelineDeps) => {
    const hash = view === undefined ? undefined : (await store.view(view)).hash;
    const shown = await Promise.all((await runs.list(limit, hash)).map((run) => viewOf(run, evidence)));
    const newest = new Map<string, RunView>();
    for (const run of shown)
      if (run.status === "finished" && run.view !== null && !newest.has(run.view)) newest.set(run.view, run);
    const freshness = [...newest].map(([of, run]) => ({
      view: of,
      output: run.output!,
      asOf: run.asOf,
      writtenAt: run.finishedAt!,
      hoursSinceWritten: Math.round((now().getTime() - Date.parse(run.finishedAt!)) / 36_000) / 100,
    }));
    const count = (status: RunView["status"]) => shown.filter((run) => run.status === status).length;
    const ended = `${count("finished")} finished, ${count("failed")} failed, ${count("cancelled")} cancelled`;
    return { runs: shown, freshness, verdict: `${shown.length} run(s): ${count("running")} running, ${ended}` };
  },
});
