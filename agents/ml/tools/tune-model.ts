import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { datasetNode } from "@muster/shared/domain/lineage.ts";
import type { Goal } from "@muster/shared/domain/request.ts";
import { SearchBudget } from "@muster/shared/domain/search.ts";
import { type FactValue, facts } from "@muster/shared/fact/table.ts";
import { asFault, Fault, fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { checkTrainable } from "../cleared-features.ts";
import type { MlDeps } from "../index.ts";
import { positiveOf } from "../positive.ts";
import { AskedOptions, heldTo, recorded } from "../training/asked-options.ts";
import { candidatesUnder } from "../training/candidates-under.ts";
import { labelTiming } from "../training/known-labels.ts";
import { fitOptionsOf } from "../training/options.ts";
import { selectCandidates } from "../training/select-candidates.ts";
import { trainingShape } from "../training/training-shape.ts";
import { describeSearch } from "../tuning/describe.ts";
import { distribute } from "../tuning/distribute.ts";
import { priorOf, runSearch, tooSmall } from "../tuning/run-search.ts";
import type { SearchPlan } from "../tuning/search.ts";
import { tunedAlgorithms } from "../tuning/spaces.ts";
import type { SearchSpec } from "../tuning/store.ts";

/** Settings that are proposed at once and run side by side: few enough that most are proposed from what was learned. */
const together = 9;

/** What a request goes on to, once the settings are known: everything that rests on candidates is made anew. */
const onward: Record<"train" | "deploy", Goal[]> = {
  train: [{ is: "model.registered" }, { is: "model.explained" }],
  deploy: [
    { is: "deployment.live" },
    { is: "model.explained" },
    { is: "predictions.written" },
    { is: "monitoring.started" },
  ],
};
const anew = (["candidates.chosen", "training.estimated", "run.finished"] as const).map(
  (is): Goal => ({ is, newerThan: "request" }),
);

export const tuneModel = tool({
  name: "tune_model",
  does: "Searches the settings of boosted trees and forests by TPE with successive halving inside a hard budget that holds the final training too, over every worker there is; says what budget would be enough.",
  effect: "write",
  long: true,
  input: SearchBudget.extend(AskedOptions.shape).extend({
    algorithms: z
      .array(z.enum(tunedAlgorithms))
      .min(1)
      .default([...tunedAlgorithms])
      .describe("what is tuned"),
    seed: z.number().int().nonnegative().optional().describe("of the settings proposed; default: the installation's"),
    onward: z.enum(["train", "deploy"]).default("train").describe("what the best settings are used for"),
  }),
  output: facts["parameters.tuned"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "problem.defined", as: "problem" },
    { is: "view.registered", as: "view" },
    { is: "features.materialized", role: "training", as: "training" },
    { is: "training_set.passed", as: "checked" },
    { is: "search.reserved", as: "reserved" },
    { is: "training.cleared", as: "cleared" },
  ],
  gives: [{ is: "parameters.tuned" }],
  cost: { ms: 60_000 },
  next: (_, input) => [...anew, ...onward[input.onward]],
  run: async ({ trials, cpuSeconds: asked, usd, algorithms, seed: own, ...fixed }, context: Context & MlDeps) => {
    const { tuning, parts, lake, now, signal, progress, seed, threads, speed } = context;
    if (!parts) throw fault("unavailable", "a search needs Redis; see npx muster status");
    const { problem, view, training, checked, reserved, cleared } = fixed;
    checkTrainable(view.view, cleared);
    context.lineage({ inputs: [datasetNode(training.dataset)] });
    const held = heldTo(fixed, view.view, checked.dropped);
    const used = { ...checked, dropped: held.dropped };
    const { shape, features, labels } = await trainingShape(
      { problem, checked: used, training },
      { lake, threads, seed },
    );
    // What doesn't suit the problem is refused before anything is tried.
    fitOptionsOf(held, labels, features);
    const limit = limitOf(reserved, asked, usd);
    const raced = { features, options: held.options, candidates: selectCandidates(shape) };
    const limits = { memoryLimitMb: reserved.limitMemoryMb, cpuSecondsLimit: limit };
    const { unable } = candidatesUnder({ ...raced, ...limits }, shape.rows);
    const plan: SearchPlan = {
      ...{ seed: own ?? seed, trials: Math.min(trials, reserved.trials), together, shape },
      algorithms: tunedAlgorithms.filter((name) => algorithms.includes(name)),
      leftOut: unable.map(({ algorithm, reason }) => ({ algorithm, reason })),
    };
    const search = context.id("search");
    const began = now();
    const spec: SearchSpec = {
      ...{ plan, training: training.dataset },
      read: {
        ...{ task: problem.task, metric: problem.metric, positive: positiveOf(problem), features },
        ...{ mayTell: checked.mayTell, known: labelTiming(problem), options: held.options, costs: held.costs },
        ...{ folds: shape.folds, seed, memoryLimitMb: reserved.limitMemoryMb },
      },
    };
    const { request, person, key } = context;
    await tuning.begin({ ...{ id: search, spec, request, person, key }, at: began.toISOString() });
    const spentBy = async () => ({
      ...(await tuning.used(search)),
      seconds: (now().getTime() - began.getTime()) / 1000,
    });
    try {
      const prior = priorOf(plan, speed);
      let settled = 0;
      const searched = await runSearch(plan, { cpuSeconds: limit, prior }, async (works) => {
        const share = (done: number) => (settled + done) / Math.max(1, settled + works.length, 2 * plan.trials);
        const tell = (done: number) => progress(share(done), `${settled + done} trials scored`);
        const done = await distribute(search, works, { tuning, parts, signal, now, tell });
        settled += done.length;
        return done;
      });
      if (searched.done.length === 0) throw tooSmall(plan, limit, prior);
      const found = describeSearch(plan, searched, {
        ...{ search, metric: problem.metric, request, options: recorded(held), prior },
      });
      const spent = await spentBy();
      context.commit((trx) => tuning.end(search, "finished", now().toISOString(), trx));
      context.emit("search_finished", { search, key, request, ...spent });
      progress(1, "searched");
      return found;
    } catch (error) {
      const known = asFault(error);
      const why = signal.aborted && signal.reason instanceof Fault ? signal.reason : known;
      await tuning.end(search, why.code === "cancelled" ? "cancelled" : "failed", now().toISOString());
      throw fault(why.code, why.message, { ...why.data, search, ...(await spentBy()) }, known.cause ?? known);
    }
  },
});

/** CPU seconds that search and final training may use: what was reserved, or less where less is asked for now, at the price of the reservation. */
function limitOf(reserved: FactValue<"search.reserved">, cpuSeconds?: number, usd?: number): number {
  const { limitCpuSeconds, limitUsd } = reserved;
  const bought = usd === undefined || limitUsd === 0 ? Number.POSITIVE_INFINITY : (usd / limitUsd) * limitCpuSeconds;
  return Math.min(limitCpuSeconds, cpuSeconds ?? Number.POSITIVE_INFINITY, bought);
}
