import type { ErrorKind } from "@muster/shared/domain/slice.ts";
import { fault } from "@muster/shared/fault.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { servedClasses } from "../score.ts";

/** Answers that a run stored for rows it wasn't trained on; `fold` −1: never held out. One prediction per class, or one of values. */
export type HeldOut = { fold: ArrayLike<number>; label: ArrayLike<number>; prediction: readonly ArrayLike<number>[] };

/**
 * One way of being wrong, row by row: whether it `happened`, whether it `could` (by the actual label), and the chance that
 * the model's own probabilities gave it, null where it gives none.
 */
export type RowErrors = {
  kind: ErrorKind;
  happened: Uint8Array;
  could: Uint8Array;
  expected: Float64Array | null;
};

/** Of numbers, an answer that is further off than this share of all answers counts as wrong. */
const usualShare = 0.9;

/** The rows of a run that have an answer out of fold, by their place in the training file. */
export const heldOutRows = ({ fold }: HeldOut): Int32Array =>
  Int32Array.from(Array.from(fold, (_, i) => i).filter((i) => fold[i]! >= 0));

/**
 * How each of the given rows went wrong: for classes at the served threshold (the likeliest class where there is none) and,
 * where that isn't even odds, by the probability itself, which a threshold far from them hides; for numbers further off than
 * nine of ten answers (`farOff`, in the label's unit). `unfit` where the answers don't fit the task.
 */
export function rowErrors(
  task: "binary" | "multiclass" | "regression",
  threshold: number | null,
  { label, prediction }: HeldOut,
  rows: Int32Array,
): { errors: RowErrors[]; farOff: number | null } {
  const outputs = prediction.map((output) => Float64Array.from(rows, (row) => output[row]!));
  const labels = Float64Array.from(rows, (row) => label[row]!);
  if (outputs.length === 0 || (task === "binary" && outputs.length !== 2))
    throw fault("unfit", "the run keeps no out-of-fold answers of its task; train it again");
  const flags = (is: (row: number) => boolean) => Uint8Array.from(labels, (_, i) => (is(i) ? 1 : 0));
  const all = flags(() => true);
  if (task === "regression") {
    const off = labels.map((y, i) => outputs[0]![i]! - y);
    const farOff = off.length === 0 ? 0 : quantile(sorted(off.map(Math.abs)), usualShare);
    const kind = (name: ErrorKind, is: (off: number) => boolean): RowErrors => ({
      ...{ kind: name, happened: flags((i) => is(off[i]!)), could: all, expected: null },
    });
    const errors = [
      kind("wrong", (d) => Math.abs(d) > farOff),
      kind("too_low", (d) => d < -farOff),
      kind("too_high", (d) => d > farOff),
    ];
    return { errors, farOff };
  }
  const served = servedClasses(outputs, threshold);
  const wrong: RowErrors = {
    ...{ kind: "wrong", happened: flags((i) => served[i] !== labels[i]), could: all },
    expected: labels.map((_, i) => 1 - outputs[served[i]!]![i]!),
  };
  if (task === "multiclass") return { errors: [wrong], farOff: null };
  const binary = (name: ErrorKind, actual: 0 | 1, says: Int32Array): RowErrors => ({
    kind: name,
    happened: flags((i) => labels[i] === actual && says[i] !== actual),
    could: flags((i) => labels[i] === actual),
    expected: labels.map((_, i) => (says[i] === actual ? 0 : outputs[actual]![i]!)),
  });
  const errors = [wrong, binary("missed", 1, served), binary("false_alarm", 0, served)];
  const likelier = servedClasses(outputs, 0.5);
  if (threshold !== 0.5) errors.push(binary("too_low", 1, likelier), binary("too_high", 0, likelier));
  return { errors, farOff: null };
}
