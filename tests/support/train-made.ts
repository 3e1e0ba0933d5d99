import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { factOf } from "@muster/ml/training/candidate-facts.ts";
import { designColumns, selectCandidates } from "@muster/ml/training/select-candidates.ts";
import { trainInChild } from "@muster/ml/training/spawn.ts";
import { worksOf } from "@muster/ml/training/works.ts";
import type { FinishedRun } from "@muster/shared/domain/estimate.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { type TableShape, writeTrainingFile } from "./made-table.ts";

const folds = 5;

/** What would be trained on a made-up table, as `candidates.chosen` says it. */
export function chosenFor(shape: TableShape): FactValue<"candidates.chosen"> {
  const { task, rows, classes } = shape;
  const rarest = { binary: Math.min(shape.rarest, 1 - shape.rarest), multiclass: 1 / classes, regression: null }[task];
  const minority = rarest === null ? null : Math.round(rarest * rows);
  const columns = designColumns(shape);
  return {
    candidates: selectCandidates({ ...shape, minority, folds }).map(factOf),
    ...{ rows, columns, folds, validation: "stratified" },
    data: { task, classes, rarest, indicators: columns - shape.numbers, passes: folds - 1 },
  };
}

/** Trains on a made-up table in a process of its own, as the worker does; gives its parts and what the whole took. */
export async function trainMade(shape: TableShape, seed: number, threads: number) {
  const folder = await mkdtemp(join(tmpdir(), "muster-made-"));
  try {
    const file = join(folder, "training.parquet");
    await writeTrainingFile(shape, seed, file);
    const { data, columns } = chosenFor(shape);
    const { task, rows } = shape;
    const minority = data!.rarest === null ? null : Math.round(data!.rarest * rows);
    const from = performance.now();
    const result = await trainInChild({
      ...{ file, task, folds, seed, threads, time: null, costs: null, xgboostLibrary: null },
      metric: task === "regression" ? "rmse" : task === "binary" ? "roc_auc" : "log_loss",
      positive: task === "binary" ? "yes" : null,
      features: [
        ...Array.from({ length: shape.numbers }, (_, i) => ({ name: `n${i}`, type: "number" as const })),
        ...Array.from({ length: shape.categories }, (_, i) => ({ name: `c${i}`, type: "category" as const })),
      ],
      candidates: selectCandidates({ ...shape, minority, folds }),
      ...{ cpuSecondsLimit: 3600, memoryLimitMb: 4096 },
    });
    const seconds = (performance.now() - from) / 1000;
    const parts: FinishedRun[] = worksOf(result, { rows, columns, folds, data }, seconds);
    return { parts, cpuSeconds: result.cpuSeconds, peakMemoryMb: result.peakMemoryMb, seconds };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
