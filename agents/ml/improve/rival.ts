import type { Comparison, PairedLift, TargetSlice } from "@muster/shared/domain/improvement.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { drawsOf } from "../draws.ts";
import { takeRows } from "../encode.ts";
import type { FittedInput, FittedModel } from "../fitted.ts";
import { answersOf, scoredOf } from "../holdout.ts";
import type { FeatureColumn } from "../matrix.ts";
import { openModel } from "../onnx/run.ts";
import { loadFitted } from "../scoring/load-fitted.ts";
import { pairedLift } from "./paired-lift.ts";
import { sliceRows } from "./slice-rows.ts";

/** The model that an evaluated one was proposed to be better than, as it is scored on the same rows of the hold-out. */
export type Rival = { base: Comparison["base"]; fitted: FittedModel; slice: TargetSlice | null };

type GetArtifact = (hash: string) => Promise<Uint8Array>;

/** The rival of a run: only where the run is the challenger that was best out of fold; else null. */
export async function rivalOf(
  run: RunResult,
  compared: Comparison | null,
  getArtifact: GetArtifact,
): Promise<Rival | null> {
  if (compared === null || compared.challenger.model !== run.model || compared.best?.model !== run.model) return null;
  const { base, slice } = compared;
  return { base, fitted: await loadFitted(base.artifacts.fitted, getArtifact), slice };
}

/** What is read of the hold-out beside the challenger's own inputs: what the rival reads, and what its slice stands on. */
export function alsoRead(
  rival: Rival | null,
  own: readonly FittedInput[],
  holdout: readonly FittedInput[],
): FittedInput[] {
  if (rival === null) return [];
  const wanted = new Set([
    ...rival.fitted.inputs.map(({ name }) => name),
    ...(rival.slice?.conditions ?? []).map(({ column }) => column),
  ]);
  const lacking = rival.fitted.inputs.find(({ name }) => !holdout.some((column) => column.name === name));
  if (lacking) throw fault("broken_contract", `the challenger's features don't hold ${lacking.name} of its base`);
  return holdout.filter(({ name }) => wanted.has(name) && !own.some((input) => input.name === name));
}

/** The rows that both are compared on: features, whose they are and when, labels in the model's classes, the challenger's answers. */
export type SealedRows = {
  columns: FeatureColumn[];
  entity: readonly string[] | null;
  time: Float64Array | null;
  labels: Float64Array;
  answers: Float64Array[];
};

/** Scores the rival on the same sealed rows and measures how much better the run is, overall and on the rival's error slice. */
export async function liftOver(
  rival: Rival,
  {
    run,
    metric,
    sealed,
    seed,
    threads,
  }: { run: RunResult; metric: string; sealed: SealedRows; seed: number; threads: number },
  getArtifact: GetArtifact,
): Promise<PairedLift> {
  const { base, slice } = rival;
  const { columns, labels, entity, time } = sealed;
  if (rival.fitted.classes.join("\n") !== run.classes.join("\n"))
    throw fault("conflict", "base and challenger know different classes; train both again");
  const open = await openModel(await getArtifact(base.model), { expectedSha256: base.model, threads });
  const theirs = await answersOf(open, columns, labels.length).finally(open.close);
  const found = slice && sliceRows(slice, columns, labels.length);
  const measured = pairedLift({
    base: { scored: scoredOf(run.task, labels, theirs), threshold: base.threshold },
    challenger: { scored: scoredOf(run.task, labels, sealed.answers), threshold: run.threshold },
    draws: drawsOf(entity, time, labels.length),
    ...{ metric, seed },
    slice: found?.rows ? { words: slice!.words, rows: found.rows } : null,
  });
  const sliceNote =
    found === null
      ? "no slice of errors was found, so lift is told overall only"
      : (found.note ?? (found.rows.length === 0 ? "no sealed row is in the slice" : null));
  return { ...measured, base: base.model, challenger: run.model, sliceNote };
}

/** Rows of a matrix taken out together, for those whose class the model knows. */
export const takenRows = (
  set: { columns: FeatureColumn[]; entity: string[] | null; time: Float64Array | null },
  rows: Int32Array,
): Pick<SealedRows, "columns" | "entity" | "time"> => ({
  columns: takeRows(set.columns, rows),
  entity: set.entity && Array.from(rows, (row) => set.entity![row]!),
  time: set.time && Float64Array.from(rows, (row) => set.time![row]!),
});
