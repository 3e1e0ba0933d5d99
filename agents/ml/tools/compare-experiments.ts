import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { fault } from "@muster/shared/fault.ts";
import { short } from "@muster/shared/number-text.ts";
import { z } from "zod";
import { comparePairs, Pair } from "../experiments/compare-pairs.ts";
import { oneQuestion } from "../experiments/one-question.ts";
import { runOf } from "../experiments/resolve.ts";
import type { ListedRun } from "../experiments/run.ts";
import { BoardLine, boardOf } from "../experiments/side-by-side.ts";
import type { MlDeps } from "../index.ts";

/** Runs compared at once: each pair is a bootstrap. */
const mostRuns = 20;

export const compareExperiments = tool({
  name: "compare_experiments",
  does: "Compares runs, or all runs of experiments: figures side by side; the best against each other one paired over the same folds and the same sealed rows, with what that can show. Looks at no hold-out.",
  effect: "read",
  input: z.object({
    /** Runs by id, `runs:/ID`, `models:/NAME/VERSION` or `models:/NAME@ALIAS`. */
    runs: z.array(z.string().min(1).max(200)).min(1).max(mostRuns).optional(),
    /** Names of experiments: their newest finished runs. */
    experiments: z.array(z.string().min(1).max(100)).min(1).max(mostRuns).optional(),
    /** What they are compared by. Default: what they were trained for. */
    metric: z.string().min(1).max(250).optional(),
    /** Which way is better, of a metric that was only logged. Default: lower for what is named a loss or an error. */
    better: z.enum(["higher", "lower"]).optional(),
  }),
  output: z.object({
    metric: z.string(),
    better: z.enum(["higher", "lower"]),
    runs: z.array(BoardLine),
    pairs: z.array(Pair),
    verdict: z.string(),
  }),
  cost: { ms: 2000 },
  run: async ({ runs, experiments, metric, better }, context: Context & MlDeps) => {
    const { tracking, store, evidence } = context;
    if (!runs && !experiments) throw fault("invalid_input", "name at least two runs, or an experiment with several");
    const found = new Map<string, ListedRun>();
    for (const text of runs ?? []) {
      const run = await runOf(text, context);
      found.set(run.id, run);
    }
    for (const name of experiments ?? []) {
      const held = await store.experiment(name);
      if (!held) throw fault("not_found", `there is no experiment ${name}; ml.get_ml_status lists them`);
      const filter = { experiment: held.id, status: "finished" as const, below: null, limit: mostRuns };
      for (const run of await tracking.runs(filter)) found.set(run.id, run);
    }
    const compared = [...found.values()].slice(0, mostRuns);
    if (compared.length < 2)
      throw fault("invalid_input", "there is one run only to compare; name another, or an experiment with several");
    const results = await tracking.results(compared.map(({ id }) => id));
    const question = oneQuestion(compared, { metric, better });
    const lines = await boardOf(compared, results, question, { tracking, evidence });
    const pairs = await comparePairs(lines, results, question, context);
    const left = found.size > compared.length ? `; ${found.size - compared.length} more runs were left out` : "";
    return {
      metric: question.metric,
      better: question.direction > 0 ? ("higher" as const) : ("lower" as const),
      runs: lines,
      pairs,
      verdict: `${sentence(lines, pairs, question.metric)}${left}`,
    };
  },
});

function sentence(lines: BoardLine[], pairs: Pair[], metric: string): string {
  const [best] = lines;
  if (!best || best.value === null) return `no run has a ${metric}`;
  const shown = pairs.filter((pair) => pair.verdict === "better");
  const rest = pairs.length - shown.length;
  const what = [
    shown.length > 0 && `shown better than ${shown.length}`,
    rest > 0 && `not shown better than ${rest}`,
  ].filter(Boolean);
  const of = what.length > 0 ? `; ${what.join(", ")} of the others` : "";
  return `${best.run} has the best ${metric}, ${short(best.value)} (${best.measured})${of}`;
}
