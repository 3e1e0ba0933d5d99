import type { Evidence } from "@muster/bus/evidence.ts";
import type { Evaluation, RunResult } from "@muster/shared/domain/model.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import type { Artifact, LoggedMetric } from "./run.ts";

/** What a training says of itself, in the words of a tracking server. */
export type TrainedFacts = { params: Record<string, string>; metrics: LoggedMetric[]; artifacts: Artifact[] };

/** The newest evaluation of a model's bytes on sealed rows; null where nobody looked. */
export async function evaluationOf(model: string, evidence: Evidence): Promise<Evaluation | null> {
  const receipt = await evidence.newest("model.evaluated", { model });
  return receipt && ((await evidence.value(receipt)) as FactValue<"model.evaluated">);
}

/**
 * A training as parameters (what was chosen, by which seed, folds and engine), metrics (cross-validated as `cv.…`, what it took,
 * and of the newest evaluation as `holdout.…`) and files by path.
 */
export async function trainedFacts(result: RunResult, at: string, evidence: Evidence): Promise<TrainedFacts> {
  const { board, algorithm, seed, folds, threads, engine, rounds, validation, training, artifacts } = result;
  const chosen = board.find((row) => row.chosen);
  const evaluation = await evaluationOf(result.model, evidence);
  const metric = (key: string, value: number): LoggedMetric => ({ key, step: 0, at, value });
  return {
    params: {
      ...Object.fromEntries(Object.entries(chosen?.parameters ?? {}).map(([key, value]) => [key, String(value)])),
      ...{ algorithm, seed: String(seed), folds: String(folds), threads: String(threads), rounds: String(rounds) },
      ...{ engine, validation, training },
    },
    metrics: [
      ...Object.entries(result.cv).flatMap(([key, { mean, se }]) => [
        metric(`cv.${key}`, mean),
        metric(`cv.${key}.se`, se),
      ]),
      ...Object.entries(result.baseline).map(([key, value]) => metric(`cv.${key}.constant`, value)),
      ...Object.entries(evaluation?.metrics ?? {}).map(([key, value]) => metric(`holdout.${key}`, value)),
      ...(evaluation ? [metric("holdout.look", evaluation.look)] : []),
      ...[metric("cpu_seconds", result.cpuSeconds), metric("peak_memory_mb", result.peakMemoryMb)],
      ...[metric("rows", result.rows), metric("columns", result.columns)],
    ],
    artifacts: [
      { path: "model.onnx", hash: artifacts.onnx },
      { path: "fitted.json", hash: artifacts.fitted },
      { path: "out_of_fold.json.gz", hash: artifacts.oof },
      ...artifacts.boosters.map((hash, i, { length }) => ({
        path: length === 1 ? "booster.ubj" : `booster-${i + 1}.ubj`,
        hash,
      })),
      ...(evaluation ? [{ path: "holdout_predictions.json", hash: evaluation.predictions }] : []),
    ],
  };
}
