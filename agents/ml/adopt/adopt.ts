import { gzipSync } from "node:zlib";
import type { Context } from "@muster/bus/context.ts";
import { canonical } from "@muster/shared/canonical.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { OutsideModel } from "@muster/shared/domain/outside-model.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { short } from "@muster/shared/number-text.ts";
import { takeRows } from "../encode.ts";
import { scoredOf } from "../holdout.ts";
import type { FeatureColumn } from "../matrix.ts";
import { compile } from "../onnx/compile.ts";
import { predictFitted, servedClasses } from "../score.ts";
import { loadFitted } from "../scoring/load-fitted.ts";
import type { TrainResult } from "../training/job.ts";
import type { Kept } from "../training/keep-model.ts";
import { direction, measure, summarise } from "../training/metrics.ts";
import { readTrainingSet } from "../training/read-training-set.ts";
import { verifyGraph } from "../training/verify-graph.ts";
import { weightedMetrics } from "../weighted-metrics.ts";
import { withCover } from "./cover.ts";
import { inOrder } from "./in-order.ts";
import { sameAnswers } from "./same-answers.ts";

type Adoption = {
  outside: OutsideModel;
  problem: Problem;
  positive: string | null;
  /** The file of the training rows, and the columns that may be read of it. */
  training: { pin: DatasetPin; file: string; columns: readonly { name: string; type: "number" | "category" }[] };
  threads: number;
  context: Pick<Context, "putArtifact" | "getArtifact">;
};

/** The sentence that stands wherever a model of outside is spoken of. */
export const unchecked =
  "the model was made outside: what it was trained on can't be checked, so rows of the hold-out may have been among them; its figures hold for rows that it never saw only if they were kept from it";

/**
 * An offered model in the place of a trained one: compiled by our compiler and held to what was read of its file on every
 * training row. `baseline` is what was trained as its yardsticks: the constant, and a linear model of the same columns. It isn't cross-validated, since the rows may be
 * those it learned from: no such figure is given. `unfit` where it doesn't answer this problem.
 */
export async function adopt(baseline: TrainResult, adoption: Adoption): Promise<{ part: Kept; said: string }> {
  const { outside, problem, training, context } = adoption;
  const given = await loadFitted(outside.fitted, context.getArtifact);
  if (given.task !== problem.task)
    throw fault("unfit", `the model answers a ${given.task} question, ${problem.target} is a ${problem.task} one`);
  for (const { name, type } of given.inputs) {
    const held = training.columns.find((column) => column.name === name);
    if (held?.type !== type)
      throw fault(
        "unfit",
        `the model reads ${name} as a ${type}, which the checked training matrix ${held ? "holds as another type" : "doesn't hold"}`,
        {
          column: name,
        },
      );
  }
  const set = await readTrainingSet({
    ...{ file: training.file, task: problem.task, positive: adoption.positive, features: given.inputs },
    ...{ time: null, threads: adoption.threads, memoryMb: 2048 },
  });
  const { labels } = set;
  const fitted = withCover(inOrder(given, labels.classes), set.columns);
  if (outside.kind === "onnx")
    await sameAnswers(await context.getArtifact(outside.source), fitted, sampleOf(set.columns));
  const onnx = compile(fitted);
  await verifyGraph(onnx, fitted, set.columns, labels.values.length);
  const answers = predictFitted(fitted, set.columns);
  const prediction = answers.values ? [answers.values] : answers.probabilities;
  if (prediction.some((output) => output.some((value) => !Number.isFinite(value))))
    throw fault("unfit", "the model has no finite answer to some of the training rows");
  const whole = weightedMetrics(
    scoredOf(problem.task, labels.values, prediction),
    fitted.threshold,
  )(new Int32Array(labels.values.length).fill(1));
  if (problem.task === "binary" && given.classes.length === 0 && whole.roc_auc! < 0.5)
    throw fault(
      "unfit",
      `taken as the probability of ${labels.classes[1]}, its answer ranks the training rows the wrong way round; name signature.classes in the order of its outputs`,
    );
  const model = await context.putArtifact(onnx, "application/onnx");
  const oof = {
    ...{ classes: fitted.classes, metric: problem.metric, scores: {} },
    ...{ row: Array.from(set.row), fold: Array.from(set.row, () => -1), label: Array.from(labels.values) },
    prediction: prediction.map((output) => Array.from(output)),
  };
  const board = baseline.board.map((row) => ({ ...row, chosen: false, reason: "a yardstick" }));
  const { plan } = baseline;
  const reason = `made outside and not cross-validated; on the ${baseline.rows} rows given as its training data its ${problem.metric} is ${short(whole[problem.metric])}, which it may have learned by heart`;
  const trees = fitted.estimator.kind === "trees" ? fitted.estimator.trees.length : 0;
  const part: Kept = {
    ...{ model, algorithm: "outside", task: fitted.task, classes: fitted.classes, threshold: fitted.threshold },
    artifacts: {
      onnx: model,
      fitted: await context.putArtifact(Buffer.from(canonical(fitted)), "application/json"),
      oof: await context.putArtifact(gzipSync(Buffer.from(JSON.stringify(oof))), "application/gzip"),
      boosters: [],
    },
    cv: {},
    baseline: meansOf(baseline),
    beatsConstant: beats(baseline, { prediction, labels: labels.values, threshold: fitted.threshold }, problem),
    board: [
      ...board.map(({ algorithm, cv, seconds, chosen, reason: why }) => ({
        ...{ algorithm, parameters: {}, seconds, chosen, reason: why },
        cv: Object.fromEntries(Object.entries(cv).map(([name, { mean, se }]) => [name, { mean, se: se ?? 0 }])),
      })),
      {
        ...{ algorithm: "outside", cv: {}, seconds: 0, chosen: true, reason },
        parameters: { kind: outside.kind, source: outside.source, offered: outside.id, trees },
      },
    ],
    dropped: [],
    features: fitted.inputs.map(({ name }) => name),
    constant: constantOf(baseline),
    ...{ rows: baseline.rows, classCounts: baseline.classCounts, columns: fitted.encoding.length },
    ...{ folds: plan.folds, rounds: Math.max(1, trees), seed: baseline.seed, threads: baseline.threads },
    ...{ engine: baseline.engineVersion, cpuSeconds: baseline.cpuSeconds, peakMemoryMb: baseline.peakMemoryMb },
  };
  return { part, said: `an outside model (${outside.kind}), not trained here: ${reason}` };
}

/** Rows, evenly spread, that an ONNX file is asked about. */
const askedRows = 2000;

function sampleOf(columns: FeatureColumn[]): FeatureColumn[] {
  const rows = columns[0]?.values.length ?? 0;
  const every = Math.max(1, Math.ceil(rows / askedRows));
  return takeRows(
    columns,
    Int32Array.from({ length: Math.ceil(rows / every) }, (_, i) => i * every),
  );
}

const constantRow = ({ board }: TrainResult) => board.find(({ algorithm }) => algorithm === "constant")!;

const meansOf = (baseline: TrainResult) =>
  Object.fromEntries(Object.entries(constantRow(baseline).cv).map(([name, { mean }]) => [name, mean]));

function constantOf({ classCounts, rows, oof }: TrainResult): number[] {
  if (classCounts.length > 0) return classCounts.map((count) => count / rows);
  return [oof.label.reduce((sum, value) => sum + value, 0) / oof.label.length];
}

type Answered = { prediction: Float64Array[]; labels: Float64Array; threshold: number | null };

/** Whether it is better than the constant by more than one standard error, over the folds that the constant was scored on. */
function beats(trained: TrainResult, { prediction, labels, threshold }: Answered, problem: Problem): boolean {
  const { oof, plan } = trained;
  const constant = constantRow(trained).cv[problem.metric]?.folds ?? [];
  const differences = Array.from({ length: plan.folds }, (_, fold) => {
    const rows = Int32Array.from(oof.fold.keys()).filter((row) => oof.fold[row] === fold);
    const own = prediction.map((output) => Float64Array.from(rows, (row) => output[row]!));
    const served = problem.task === "regression" ? null : servedClasses(own, threshold);
    const taken = Float64Array.from(rows, (row) => labels[row]!);
    const value =
      rows.length > 0 ? measure(problem.metric, problem.task, { labels: taken, prediction: own, served }) : null;
    const against = constant[fold] ?? null;
    return value === null || against === null ? null : direction(problem.metric) * (value - against);
  });
  if (differences.every((one) => one === null)) return false;
  const { mean, se } = summarise(differences);
  return mean > (se ?? 0);
}
