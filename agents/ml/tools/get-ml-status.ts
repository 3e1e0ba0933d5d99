import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { MlDeps } from "../index.ts";
import type { RunRow } from "../store.ts";

/** Runs and experiments listed at most, newest first: more would be an artifact instead of an answer. */
const mostRuns = 100;
const mostExperiments = 50;

const RunView = z.object({
  run: z.string(),
  name: z.string(),
  experiment: z.string().nullable(),
  status: z.enum(["running", "finished", "failed", "cancelled"]),
  algorithm: z.string().nullable(),
  model: z.string().nullable(),
  problem: z.string(),
  dataset: z.string(),
  target: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  cpuSeconds: z.number().nullable(),
  seconds: z.number().nullable(),
  peakMemoryMb: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export const getMlStatus = tool({
  name: "get_ml_status",
  does: "Shows the newest runs with what they took, what is deployed, and the experiments.",
  effect: "read",
  input: z.object({}),
  output: z.object({
    runs: z.array(RunView),
    deployments: z.array(
      z.object({ name: z.string(), version: z.number().int(), hash: z.string(), url: z.string(), since: z.string() }),
    ),
    experiments: z.array(z.object({ id: z.string(), name: z.string(), at: z.string() })),
    verdict: z.string(),
  }),
  cost: { ms: 30 },
  run: async (_, { store, deployments, serving, evidence }: Context & MlDeps) => {
    const [rows, live, experiments] = await Promise.all([
      store.runs(mostRuns),
      deployments.live(),
      store.experiments(mostExperiments),
    ]);
    const runs = await Promise.all(rows.map((row) => viewOf(row, evidence)));
    const running = runs.filter(({ status }) => status === "running").length;
    return {
      runs,
      deployments: live.map(({ name, version, hash, at }) => ({
        ...{ name, version, hash, since: at },
        url: `${serving.url}/v2/models/${name}/infer`,
      })),
      experiments,
      verdict: `${runs.length} runs, ${running} of them running; ${live.length} deployments live`,
    };
  },
});

/** A run as it is shown. One whose process died mid-way was never marked: the stored result of its call says how it ended. */
async function viewOf(row: RunRow, evidence: MlDeps["evidence"]): Promise<z.infer<typeof RunView>> {
  const { id, request: _r, person: _p, key, reservation: _v, task: _t, ...rest } = row;
  const result = row.status === "running" ? await evidence.store.result(key) : null;
  if (!result || result.outcome.ok) return { run: id, ...rest };
  const { code, message } = result.outcome.fault;
  return { run: id, ...rest, status: code === "cancelled" ? "cancelled" : "failed", error: { code, message } };
}
