import { gzipSync } from "node:zlib";
import type { Context } from "@muster/bus/context.ts";
import { canonical } from "@muster/shared/canonical.ts";
import { adjustmentText } from "@muster/shared/domain/adjustment-text.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import { short } from "@muster/shared/number-text.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import type { FittedModel } from "../fitted.ts";
import { membersOf } from "../members.ts";
import { compile } from "../onnx/compile.ts";
import { sampleMatrix } from "../scoring/read-matrix.ts";
import { parametersOf } from "./candidate-facts.ts";
import type { BoardRow, TrainResult } from "./job.ts";
import type { TrainedWithin } from "./train-within.ts";
import { verifyGraph } from "./verify-graph.ts";

/** Rows that the graph is compared on: all of a usual training file, evenly spread ones of a larger. */
const comparedRows = 50_000;

/** What of a run's result follows from the training alone. */
export type Kept = Omit<RunResult, "run" | "training" | "seconds" | "validation" | "options">;

/**
 * Compiles what was trained, holds the graph to the model on rows of its training file, and keeps everything by hash:
 * the graph (its hash is the model's), the fitted model, out-of-fold answers, the engine's own model. `internal` where
 * the graph differs. `said`: the outcome in a line.
 */
export async function keepModel(
  trained: TrainedWithin,
  { lake, training, context }: { lake: Lake; training: DatasetPin; context: Pick<Context, "putArtifact"> },
): Promise<{ part: Kept; said: string }> {
  const { fitted, board } = trained;
  const onnx = compile(fitted);
  const { columns, rows } = await sampleMatrix(lake, training, fitted.inputs, comparedRows);
  await verifyGraph(onnx, fitted, columns, rows);
  const model = await context.putArtifact(onnx, "application/onnx");
  const artifacts = {
    onnx: model,
    fitted: await context.putArtifact(Buffer.from(canonical(fitted)), "application/json"),
    oof: await context.putArtifact(gzipSync(Buffer.from(oofText(trained))), "application/gzip"),
    boosters: await Promise.all(
      trained.boosters.map((one) => context.putArtifact(Buffer.from(one, "base64"), "application/octet-stream")),
    ),
  };
  const chosen = board.find((row) => row.chosen)!;
  const constant = board.find((row) => row.algorithm === "constant");
  const part: Kept = {
    ...{ model, artifacts, algorithm: chosen.algorithm, task: fitted.task, classes: fitted.classes },
    threshold: fitted.threshold,
    cv: figures(chosen.cv),
    baseline: constant ? means(constant.cv) : {},
    beatsConstant: trained.beatsConstant,
    board: board.map((row) => ({
      algorithm: row.algorithm,
      parameters: { setting: row.name, ...parametersOf(row.params) },
      cv: figures(row.cv),
      ...{ seconds: row.seconds, chosen: row.chosen, reason: row.reason || row.why },
    })),
    dropped: trained.dropped.map(({ column, message, value }) => ({ name: column, reason: message, number: value })),
    features: fitted.inputs.map(({ name }) => name),
    ...{ constraints: trained.constraints, interval: trained.interval, adjustments: trained.adjustments },
    constant: constantOf(trained),
    ...{ rows: trained.rows, classCounts: trained.classCounts, columns: fitted.encoding.length },
    ...{ folds: trained.plan.folds, rounds: roundsOf(fitted), seed: trained.seed, threads: trained.threads },
    ...{ engine: trained.engineVersion, cpuSeconds: trained.cpuSeconds, peakMemoryMb: trained.peakMemoryMb },
  };
  const said = [sentenceOf(trained, chosen, constant), ...trained.adjustments.map(adjustmentText)].join("; ");
  return { part, said };
}

/** Figures by metric. One fold alone has no standard error: 0. */
const figures = (cv: BoardRow["cv"]): RunResult["cv"] =>
  Object.fromEntries(Object.entries(cv).map(([name, { mean, se }]) => [name, { mean, se: se ?? 0 }]));

const means = (cv: BoardRow["cv"]): RunResult["baseline"] =>
  Object.fromEntries(Object.entries(cv).map(([name, { mean }]) => [name, mean]));

function constantOf({ classCounts, rows, oof }: TrainResult): number[] {
  if (classCounts.length > 0) return classCounts.map((count) => count / rows);
  return [oof.label.reduce((sum, value) => sum + value, 0) / oof.label.length];
}

/** Boosting rounds, trees of a forest, of an ensemble those of all its members; 1 for a linear model. */
function roundsOf(fitted: FittedModel): number {
  const grown = membersOf(fitted).flatMap(({ model: { estimator } }) =>
    estimator.kind === "trees" ? [Math.round(estimator.trees.length / estimator.base.length)] : [],
  );
  return Math.max(
    1,
    grown.reduce((sum, rounds) => sum + rounds, 0),
  );
}

/**
 * Out-of-fold answers as JSON: row of the file, fold (−1: never held out), label, one list of predictions per output, and
 * each metric's score on each fold (null where it isn't defined).
 */
function oofText({ oof, fitted, metric, board }: TrainResult): string {
  const chosen = board.find((row) => row.chosen)!;
  return JSON.stringify({
    ...{ classes: fitted.classes, metric },
    scores: Object.fromEntries(Object.entries(chosen.cv).map(([name, { folds }]) => [name, folds])),
    ...{ row: Array.from(oof.row), fold: Array.from(oof.fold), label: Array.from(oof.label) },
    prediction: oof.prediction.map((output) => Array.from(output)),
  });
}

function sentenceOf(trained: TrainResult, chosen: BoardRow, constant: BoardRow | undefined): string {
  const { metric, plan, board, rows } = trained;
  const own = chosen.cv[metric]!;
  const spread = own.se === null ? "" : ` ± ${short(own.se)}`;
  const yardstick = constant?.cv[metric] ? ` (constant ${short(constant.cv[metric].mean)})` : "";
  const skipped = board.flatMap((row) => row.skipped ?? []);
  const large = skipped.filter(({ neededMemoryMb }) => neededMemoryMb !== undefined).length;
  const unsuited = skipped.filter((one) => one.unsuited).length;
  const unfinished = skipped.length - large - unsuited;
  const left = [
    unfinished > 0 ? `, ${unfinished} not finished inside the budget` : "",
    unsuited > 0 ? `, ${unsuited} left out by what was asked for` : "",
    large > 0 ? `, ${large} too large for the memory` : "",
  ].join("");
  return `${chosen.name}: ${metric} ${short(own.mean)}${spread} over ${plan.folds} folds${yardstick}, best of ${board.length}${left}, on ${rows} rows`;
}
