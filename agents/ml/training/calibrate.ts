import { fitTemperature, plattOf } from "@muster/shared/stats/calibration.ts";
import { logLoss } from "@muster/shared/stats/metrics.ts";
import { rowsWhere } from "@muster/shared/stats/rows-where.ts";
import type { Calibration } from "../fitted.ts";
import { probabilitiesOf } from "../score.ts";

/** Rows beyond this many change a calibration of two numbers by less than its own error. */
const calibrationRows = 100_000;

/** Out-of-fold margins (one array per output), class index and fold (−1: never held out) of every row. */
export type HeldOut = { margins: Float64Array[]; labels: Float64Array; fold: Int32Array };

/** Probabilities of every held-out row, calibrated by the other folds; NaN where a row was never held out. */
export type Calibrated = {
  probabilities: Float64Array[];
  rawLogLoss: number;
  logLoss: number;
  calibration: Calibration;
  /** What each fold's rows are calibrated by: fitted on the other folds. */
  byFold: Map<number, Calibration>;
};

/**
 * Platt's scaling (binary) or a temperature (multiclass), fitted out of fold. It is kept only if it lowers the log loss
 * of folds that it wasn't fitted on; then `calibration` is fitted on all held-out rows, else it is `none`.
 */
export function calibrateOutOfFold(held: HeldOut): Calibrated {
  const raw = probabilitiesOf(held.margins, { kind: "none" });
  const folds = [...new Set(held.fold)].filter((fold) => fold >= 0);
  const crossed = raw.map((p) => p.map(() => Number.NaN));
  const byFold = new Map<number, Calibration>();
  for (const fold of folds) {
    const calibration = fitOn(held, (row) => held.fold[row]! >= 0 && held.fold[row] !== fold);
    const rows = rowsWhere(held.fold.length, (row) => held.fold[row] === fold);
    const margins = held.margins.map((k) => Float64Array.from(rows, (row) => k[row]!));
    byFold.set(fold, calibration);
    for (const [k, p] of probabilitiesOf(margins, calibration).entries())
      for (const [i, row] of rows.entries()) crossed[k]![row] = p[i]!;
  }
  const rawLogLoss = heldOutLogLoss(held, raw);
  const logLoss = heldOutLogLoss(held, crossed);
  if (folds.length > 1 && logLoss < rawLogLoss)
    return {
      ...{ probabilities: crossed, rawLogLoss, logLoss, byFold },
      calibration: fitOn(held, (row) => held.fold[row]! >= 0),
    };
  for (const p of raw) for (let row = 0; row < p.length; row++) if (held.fold[row]! < 0) p[row] = Number.NaN;
  return { probabilities: raw, rawLogLoss, logLoss: rawLogLoss, calibration: { kind: "none" }, byFold: new Map() };
}

function fitOn(held: HeldOut, keep: (row: number) => boolean): Calibration {
  const rows = rowsWhere(held.labels.length, keep);
  const step = Math.max(1, Math.ceil(rows.length / calibrationRows));
  const chosen = rows.filter((_, i) => i % step === 0);
  const labels = Float64Array.from(chosen, (row) => held.labels[row]!);
  const margins = held.margins.map((k) => Float64Array.from(chosen, (row) => k[row]!));
  const [first] = margins;
  const folds = Int32Array.from(chosen, (row) => held.fold[row]!);
  const usable = labels.some((y) => y !== labels[0]) && margins.some((margin) => variesWithinFold(margin, folds));
  if (!usable) return { kind: "none" };
  if (margins.length > 1) return { kind: "temperature", temperature: fitTemperature(margins, labels) };
  const platt = plattOf(first!, labels);
  // A margin that falls where the label rises, or that lies beyond all scaling, can't be mended by two numbers.
  return platt && platt.slope > 0 ? { kind: "platt", ...platt } : { kind: "none" };
}

/** A model that answers the same for every row (the constant) differs between folds only, which isn't to be fitted on. */
function variesWithinFold(margin: Float64Array, folds: Int32Array): boolean {
  const first = new Map<number, number>();
  return margin.some((value, i) => {
    const own = first.get(folds[i]!) ?? value;
    first.set(folds[i]!, own);
    return Math.abs(value - own) > 1e-9;
  });
}

function heldOutLogLoss(held: HeldOut, probabilities: Float64Array[]): number {
  const rows = rowsWhere(held.fold.length, (row) => held.fold[row]! >= 0);
  return logLoss(
    Float64Array.from(rows, (row) => held.labels[row]!),
    probabilities.map((p) => Float64Array.from(rows, (row) => p[row]!)),
  );
}
