import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PipelineDeps } from "../index.ts";
import { runTools } from "../runs/run.ts";
import { RunView, viewOf } from "../runs/view.ts";

export const retryRun = tool({
  name: "retry_run",
  does: "Does again what a run that failed or was cancelled was to do: the same problem, through the same gates, over the newest versions.",
  effect: "read",
  input: z.object({ run: z.string().min(1).max(100) }),
  output: z.object({ retried: RunView, verdict: z.string() }),
  cost: { ms: 20 },
  next: ({ retried }): Goal[] => {
    const { role, ...input } = retried.input as { role?: string };
    const of = { problem: retried.problem, dataset: retried.dataset, ...input };
    return [
      {
        is: runTools[retried.tool as keyof typeof runTools],
        of,
        ...(role !== undefined && { role }),
        newerThan: "request",
      },
    ];
  },
  run: async ({ run }, { runs, evidence }: Context & PipelineDeps) => {
    const found = await runs.get(run);
    if (!found) throw fault("not_found", `no run ${run}; see pipeline.get_pipeline_runs`);
    const retried = await viewOf(found, evidence);
    if (retried.status !== "failed" && retried.status !== "cancelled")
      throw fault("conflict", `run ${run} is ${retried.status}; only one that failed or was cancelled is done again`, {
        run,
      });
    return {
      retried,
      verdict: `${retried.tool} of ${retried.dataset} is done again (it had ended: ${retried.error!.code})`,
    };
  },
});
