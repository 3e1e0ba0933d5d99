import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { datasetNode, modelNode } from "@muster/shared/domain/lineage.ts";
import { RunResult } from "@muster/shared/domain/model.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { asFault, Fault, fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { adopt, unchecked } from "../adopt/adopt.ts";
import { trainedColumns } from "../answered-columns.ts";
import { checkTrainable } from "../cleared-features.ts";
import type { MlDeps } from "../index.ts";
import { positiveOf } from "../positive.ts";
import { AskedOptions, heldTo, recorded } from "../training/asked-options.ts";
import { candidateOf } from "../training/candidate-facts.ts";
import type { TrainJob } from "../training/job.ts";
import { keepModel } from "../training/keep-model.ts";
import { labelTiming } from "../training/known-labels.ts";
import { shareOf } from "../training/progress.ts";
import { trainWithin } from "../training/train-within.ts";
import { worksOf } from "../training/works.ts";

export const trainModel = tool({
  name: "train_model",
  does: "Races the chosen candidates by cross-validation inside the reserved budget, refits the best and compiles it for serving.",
  effect: "write",
  long: true,
  input: AskedOptions.extend({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,62}$/)
      .optional(),
  }),
  output: RunResult.extend({ verdict: z.string() }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned" },
    { is: "view.registered", as: "view" },
    { is: "features.materialized", role: "training", as: "training" },
    { is: "training_set.passed", as: "checked" },
    { is: "candidates.chosen", as: "chosen" },
    { is: "budget.reserved", as: "reserved" },
    { is: "training.cleared", as: "cleared" },
  ],
  gives: [{ is: "run.finished", about: ({ model }) => ({ model }) }],
  cost: { ms: 20_000 },
  run: async ({ problem, view, training, checked, chosen, reserved, cleared, ...asked }, context: Context & MlDeps) => {
    const { store, lake, now, signal, progress, seed, threads, xgboostLibrary } = context;
    checkTrainable(view.view, cleared);
    await lake.standing(training.dataset);
    context.lineage({ inputs: [datasetNode(training.dataset)] });
    const { dataset, target, task } = problem;
    const run = context.id("run");
    const began = now();
    const name = asked.name ?? problem.name;
    const held = heldTo(asked, view.view, checked.dropped);
    const { options, costs, dropped } = held;
    const left = new Set(dropped.map((one) => one.name));
    const features = training.columns.filter((column) => !left.has(column.name));
    const shape = { rows: chosen.rows, columns: chosen.columns, folds: chosen.folds, data: chosen.data };
    const job: TrainJob = {
      ...{ file: lake.file(training.dataset), task, metric: problem.metric, positive: positiveOf(problem), features },
      mayTell: checked.mayTell,
      candidates: chosen.candidates.map((one) => candidateOf(one, { ...shape, threads })),
      ...{ folds: chosen.folds, time: null, known: labelTiming(problem), costs, options },
      ahead: view.view.features.find((one) => one.kind === "ahead" && one.of === "step")?.name ?? null,
      ...{ seed, threads, xgboostLibrary },
      cpuSecondsLimit: Math.min(reserved.limitCpuSeconds, leftOf(chosen, context.request)),
      memoryLimitMb: reserved.limitMemoryMb,
    };
    await store.beginRun({
      ...{ id: run, name, experiment: (await store.experiment(name))?.id ?? null, problem: problem.hash },
      ...{ dataset, target, task, request: context.request, person: context.person, key: context.key },
      ...{ reservation: reserved.reservation, startedAt: began.toISOString() },
    });
    await context.tracking.noteCode(run, context.code, [...pinnedIn(context), training.dataset]);
    const seconds = () => (now().getTime() - began.getTime()) / 1000;
    const names = job.candidates.map((one) => one.name);
    try {
      const trained = await trainWithin(job, chosen.rows, {
        ...{ signal, onProgress: (told) => progress(...shareOf(told, names)) },
      });
      progress(0.95, "compiling and comparing the graph with the model");
      const file = { pin: training.dataset, file: lake.file(training.dataset), columns: features };
      const adoption = { problem, positive: positiveOf(problem), training: file, threads, context };
      const kept = problem.outside
        ? await adopt(trained, { ...adoption, outside: problem.outside })
        : await keepModel(trained, { lake, training: training.dataset, context });
      const took = seconds();
      const result: RunResult = {
        ...kept.part,
        ...{ run, task, training: training.dataset, seconds: took },
        dropped: [...dropped, ...kept.part.dropped],
        options: recorded(held),
        validation: problem.outside ? `none: ${unchecked}` : chosen.validation,
      };
      context.commit((trx) => store.finishRun(trx, result, now().toISOString()));
      const columns = trainedColumns(training.dataset, features);
      context.lineage({ outputs: [{ ...modelNode(problem.name, result.model), columns }] });
      const { algorithm, rounds, folds, cpuSeconds, peakMemoryMb } = result;
      context.emit("run_finished", {
        ...{ run, request: context.request, key: context.key, reservation: reserved.reservation },
        problem: problem.hash,
        ...{ cpuSeconds, seconds: took, peakMemoryMb, algorithm, rounds: Math.max(1, rounds) },
        ...{ rows: result.rows, columns: shape.columns, folds, threads: result.threads },
        works: worksOf(trained, { ...shape, rows: result.rows, folds }, took),
      });
      progress(1, "trained");
      return { ...result, verdict: `${kept.said}; ${cpuSeconds.toFixed(1)} CPU-seconds` };
    } catch (error) {
      throw await failed(error, run, reserved.reservation, seconds(), context);
    }
  },
});

/** The dataset versions that the training stands on. */
const pinnedIn = ({ shown }: Context): string[] =>
  z.array(z.string()).parse(shown.find(({ fact }) => fact === "scope.pinned")?.about.scope);

/** What a search in this request left for the training of what it found, in CPU seconds: its budget holds both. */
const leftOf = ({ search }: FactValue<"candidates.chosen">, request: string | null): number =>
  search && search.left.request === request ? search.left.cpuSeconds : Number.POSITIVE_INFINITY;

/** Notes the failed run and gives the fault with what was used by then, so that the reservation can be settled. */
async function failed(
  error: unknown,
  run: string,
  reservation: string,
  seconds: number,
  { store, signal, now }: Context & MlDeps,
): Promise<Fault> {
  const known = asFault(error);
  // The child only knows that it was ended; why, the one who ended it knows.
  const why = signal.aborted && signal.reason instanceof Fault ? signal.reason : known;
  const { cpuSeconds, peakMemoryMb, limit, limitMb } = known.data;
  const used = {
    cpuSeconds: typeof cpuSeconds === "number" ? cpuSeconds : null,
    peakMemoryMb: typeof peakMemoryMb === "number" ? peakMemoryMb : null,
  };
  await store.failRun(run, {
    status: why.code === "cancelled" ? "cancelled" : "failed",
    error: { code: why.code, message: why.message },
    finishedAt: now().toISOString(),
    seconds,
    ...used,
  });
  const data = { run, reservation, seconds, limit, limitMb, ...used };
  const said = Object.entries(data).filter(([, value]) => value !== null && value !== undefined);
  const spent = used.cpuSeconds === null ? "" : `; ${used.cpuSeconds.toFixed(1)} CPU-seconds were spent by then`;
  return fault(why.code, `${why.message}${spent}`, Object.fromEntries(said), known.cause ?? known);
}
