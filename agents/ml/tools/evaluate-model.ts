import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetPin } from "@muster/shared/domain/dataset.ts";
import { EvaluationReport } from "@muster/shared/domain/evaluation-report.ts";
import { datasetNode, modelNode } from "@muster/shared/domain/lineage.ts";
import { Evaluation } from "@muster/shared/domain/model.ts";
import type { Task } from "@muster/shared/domain/problem.ts";
import { short } from "@muster/shared/number-text.ts";
import { denseClusters } from "@muster/shared/stats/bootstrap.ts";
import { z } from "zod";
import { belonging } from "../belonging.ts";
import { takeRows } from "../encode.ts";
import { evaluate } from "../evaluate.ts";
import { type Asked, checkAsked, type ReportOf, reportOf } from "../evaluation/report.ts";
import { answersOf, inModelClasses, scoredOf, sealedOf } from "../holdout.ts";
import { alsoRead, liftOver, rivalOf, takenRows } from "../improve/rival.ts";
import type { MlDeps } from "../index.ts";
import { answerFigures, exploratoryReasons } from "../judgement.ts";
import { openModel } from "../onnx/run.ts";
import { positiveOf } from "../positive.ts";
import { coverageOf, coverageText, scaledBy } from "../prediction-interval.ts";
import { loadFitted } from "../scoring/load-fitted.ts";
import { beatenBySeason, seasonalNaive, seasonBefore } from "../seasonal-naive.ts";
import { readTrainingSet } from "../training/read-training-set.ts";

/** Looks at one hold-out after which it isn't fresh any more. */
export const freshLooks = 3;

export const evaluateModel = tool({
  name: "evaluate_model",
  does: "Opens the sealed hold-out, scores it with the model's own bytes, and says how good it is with 95 % intervals. Every look is counted.",
  effect: "write",
  long: true,
  input: z.object({
    /** Thresholds of two classes, 0..1: what serving with each would do. */
    thresholds: z.array(z.number().min(0).max(1)).min(1).max(20).optional(),
    /** What a wrong yes and a wrong no cost, in any one unit. */
    costs: z.object({ falsePositive: z.number().positive(), falseNegative: z.number().positive() }).optional(),
    /** Features whose categories or quartiles the rows are grouped by; without them the worst groups of all are told. */
    by: z.array(z.string().min(1).max(200)).min(1).max(10).optional(),
  }),
  output: Evaluation.extend({ report: EvaluationReport, verdict: z.string() }),
  needs: [
    { is: "run.finished", as: "run" },
    { is: "problem.defined", as: "problem" },
    { is: "features.materialized", role: "holdout", as: "holdout" },
    { is: "improvement.compared", as: "compared", optional: true },
  ],
  gives: [{ is: "model.evaluated" }],
  cost: { ms: 2000 },
  run: async ({ run, problem, holdout, compared, ...asked }, context: Context & MlDeps) => {
    const { store, lake, threads, seed, now, request, key, shown, getArtifact } = context;
    const { task, threshold, classes, constant } = run;
    await lake.standing(holdout.dataset);
    context.lineage({ inputs: [datasetNode(holdout.dataset), modelNode(problem.name, run.model)] });
    const { inputs } = await loadFitted(run.artifacts.fitted, getArtifact);
    const by = checkAsked(asked, task, inputs) ?? undefined;
    const rival = await rivalOf(run, compared, getArtifact);
    const read = [...inputs, ...alsoRead(rival, inputs, holdout.columns)];
    const features = [...read, ...seasonBefore(problem, holdout.columns, read)];
    const set = await readTrainingSet({
      ...{ file: lake.file(holdout.dataset), task, positive: positiveOf(problem), features },
      ...{ time: null, threads, memoryMb: 2048 },
    });
    const { rows, values: labels } = inModelClasses(set.labels, classes);
    const columns = takeRows(set.columns.slice(0, inputs.length), rows);
    const clusters = belonging(problem, set, rows);
    const open = await openModel(await getArtifact(run.model), { expectedSha256: run.model, threads });
    const judging = { columns, clusters, open, metric: problem.metric, threshold, seed };
    const { answers, found, report } = await judge(judging, { task, labels, constant }, { ...asked, by }).finally(
      open.close,
    );
    const sealedRows = { ...takenRows(set, rows), labels, answers };
    const of = { run, metric: problem.metric, sealed: sealedRows, seed, threads };
    // The one look serves both: whether the challenger is better is measured on the rows that are open now.
    const lift = rival && (await liftOver(rival, of, getArtifact));
    const metrics = answerFigures(task, found.metrics, ({ value }) => value);
    const baseline = answerFigures(task, found.baseline, (value) => value);
    const seasonal = seasonalNaive(problem, labels, takeRows(set.columns, rows));
    const why = [
      ...exploratoryReasons(run, problem.metric, { labels, metrics, baseline }),
      ...beatenBySeason(problem.metric, metrics, seasonal),
    ];
    const scope = z.array(DatasetPin).parse(shown.find(({ fact }) => fact === "run.finished")?.about.scope);
    const sealed = sealedOf(problem, scope);
    const look = (await store.looks(sealed)) + 1;
    context.commit((trx) =>
      store.countLook(trx, { sealed, look, model: run.model, key, request, at: now().toISOString() }),
    );
    context.emit("model_evaluated", { run: run.run, model: run.model, look, exploratory: why.length > 0 });
    const stored = {
      ...{ model: run.model, holdout: holdout.dataset, classes, threshold, constant, seed },
      row: Array.from(rows, (row) => set.row[row]!),
      // Which rows belong together, without naming whose they are.
      cluster: clusters && Array.from(denseClusters(clusters)),
      label: Array.from(labels),
      prediction: answers.map((output) => Array.from(output)),
    };
    const { calibration: fit } = found;
    const covered = run.interval
      ? coverageOf(run.interval, labels, answers[0]!, scaledBy(run.interval, columns))
      : null;
    const fitted = fit && fit.slope !== null && fit.intercept !== null;
    return {
      metrics,
      intervals: answerFigures(task, found.metrics, ({ low, high }): [number, number] => [low, high]),
      baseline,
      ...(seasonal && { seasonal }),
      look,
      rows: found.rows,
      threshold,
      calibration: fitted ? { brier: fit.brier, slope: fit.slope!, intercept: fit.intercept! } : null,
      exploratory: why.length > 0,
      covered,
      lift,
      predictions: await context.putArtifact(Buffer.from(JSON.stringify(stored)), "application/json"),
      report,
      reported: await context.putArtifact(Buffer.from(JSON.stringify(report)), "application/json"),
      verdict: [
        `${figure(problem.metric, found.metrics[problem.metric])} on ${found.rows} sealed rows`,
        `constant ${short(baseline[problem.metric])}`,
        ...(seasonal ? [`the season before ${short(seasonal[problem.metric])}`] : []),
        `look ${look} at them${look > freshLooks ? ": promotion wants fresh data" : ""}`,
        ...(covered ? [coverageText(covered)] : []),
        ...(rows.length < set.row.length ? [`${set.row.length - rows.length} rows of unknown classes left out`] : []),
        ...(why.length > 0 ? [`exploratory: ${why.join(", ")}`] : []),
      ].join("; "),
    };
  },
});

/** The model's answers for the rows, and what they come to. */
async function judge(
  of: Omit<ReportOf, "scored" | "found">,
  { task, labels, constant }: { task: Task; labels: Float64Array; constant: number[] },
  asked: Asked,
) {
  const { open, columns, clusters, threshold, seed } = of;
  const answers = await answersOf(open, columns, labels.length);
  const scored = scoredOf(task, labels, answers);
  const found = evaluate({ scored, constant, clusters, threshold, seed });
  return { answers, found, report: await reportOf({ ...of, scored, found }, asked) };
}

const figure = (metric: string, found: { value: number; low: number; high: number } | undefined): string =>
  found === undefined
    ? `${metric} isn't defined`
    : `${metric} ${short(found.value)} (95 %: ${short(found.low)} to ${short(found.high)})`;
