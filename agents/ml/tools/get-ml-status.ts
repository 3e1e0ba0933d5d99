import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { describeRun, RunDetail } from "../experiments/describe-run.ts";
import { numberOf, pageInput, pageToken } from "../experiments/paging.ts";
import { runOf } from "../experiments/resolve.ts";
import type { ListedRun } from "../experiments/run.ts";
import type { MlDeps } from "../index.ts";

/** Runs of a page unless said otherwise, runs of a page at most, and experiments listed, newest first. */
const usualRuns = 100;
const mostRuns = 200;
const mostExperiments = 50;

const Status = z.enum(["running", "finished", "failed", "cancelled"]);

const RunView = z.object({
  run: z.string(),
  name: z.string(),
  /** Trained by the swarm, or begun outside and logged here. */
  origin: z.enum(["trained", "outside"]),
  experiment: z.string().nullable(),
  status: Status,
  algorithm: z.string().nullable(),
  model: z.string().nullable(),
  problem: z.string().nullable(),
  dataset: z.string().nullable(),
  target: z.string().nullable(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  cpuSeconds: z.number().nullable(),
  seconds: z.number().nullable(),
  peakMemoryMb: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export const getMlStatus = tool({
  name: "get_ml_status",
  does: "Shows the newest runs with what they took, what is deployed, and the experiments; of one run its parameters, metrics by step, tags, files, code and data.",
  effect: "read",
  input: z.object({
    /** A run to show in full: its id, `runs:/ID` or a model's URI. */
    run: z.string().min(1).max(200).optional(),
    /** Of that run: a metric whose values are wanted step by step. */
    metric: z.string().min(1).max(250).optional(),
    /** Only runs of this experiment. */
    experiment: z.string().min(1).max(100).optional(),
    status: Status.optional(),
    ...pageInput(mostRuns),
  }),
  output: z.object({
    runs: z.array(RunView),
    /** How many runs there are of each status. */
    totals: z.record(z.string(), z.number().int()),
    next_page_token: z.string().nullable(),
    deployments: z.array(
      z.object({ name: z.string(), version: z.number().int(), hash: z.string(), url: z.string(), since: z.string() }),
    ),
    experiments: z.array(z.object({ id: z.string(), name: z.string(), at: z.string() })),
    detail: RunDetail.nullable(),
    verdict: z.string(),
  }),
  cost: { ms: 30 },
  run: async (asked, context: Context & MlDeps) => {
    const { tracking, deployments, serving, evidence } = context;
    if (asked.metric !== undefined && asked.run === undefined)
      throw fault("invalid_input", "metric: name the run whose metric it is");
    const limit = asked.max_results ?? usualRuns;
    const one = asked.run === undefined ? null : await runOf(asked.run, context);
    const experiment = await experimentOf(asked.experiment, context);
    const below = asked.page_token === undefined || one ? null : numberOf(asked.page_token);
    const [rows, totals, live, experiments] = await Promise.all([
      one ? [one] : tracking.runs({ experiment, status: asked.status ?? null, below, limit: limit + 1 }),
      tracking.counts(experiment),
      deployments.live(),
      tracking.experiments(mostExperiments),
    ]);
    const runs = await Promise.all(rows.slice(0, limit).map((row) => viewOf(row, evidence)));
    const page = { metric: asked.metric ?? null, limit, token: asked.page_token ?? null };
    const all = Object.values(totals).reduce((sum, count) => sum + count, 0);
    const running = `${totals.running ?? 0} of them running`;
    return {
      runs,
      totals,
      next_page_token: rows.length > limit ? pageToken(rows[limit - 1]!.seq) : null,
      deployments: live.map(({ name, version, hash, at }) => ({
        ...{ name, version, hash, since: at },
        url: `${serving.url}/v2/models/${name}/infer`,
      })),
      experiments,
      detail: one && (await describeRun(one, page, context)),
      verdict: `${all} runs, ${running}; ${live.length} deployments live`,
    };
  },
});

async function experimentOf(name: string | undefined, { store }: MlDeps): Promise<string | null> {
  if (name === undefined) return null;
  const held = await store.experiment(name);
  if (held) return held.id;
  throw fault("not_found", `there is no experiment ${name}; ml.get_ml_status lists them`);
}

/** A run as it is shown. One whose process died mid-way was never marked: the stored result of its call says how it ended. */
async function viewOf(row: ListedRun, evidence: MlDeps["evidence"]): Promise<z.infer<typeof RunView>> {
  const { id, request: _r, person: _p, key, task: _t, seq: _s, ...rest } = row;
  const unmarked = row.status === "running" && row.origin === "trained";
  const result = unmarked ? await evidence.store.result(key) : null;
  if (!result || result.outcome.ok) return { run: id, ...rest };
  const { code, message } = result.outcome.fault;
  return { run: id, ...rest, status: code === "cancelled" ? "cancelled" : "failed", error: { code, message } };
}
