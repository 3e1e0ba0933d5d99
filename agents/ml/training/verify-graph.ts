import { setImmediate } from "node:timers/promises";
import { sha256 } from "@muster/shared/canonical.ts";
import { fault } from "@muster/shared/fault.ts";
import { takeRows } from "../encode.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { type ModelOutput, openModel } from "../onnx/run.ts";
import { predictFitted, type Scored } from "../score.ts";

/** Largest |graph − model| that passes, relative to max(1, |model|). */
const tolerance = 1e-5;
/** Closer to the threshold (or to the next class) than this, rounding may decide the label. */
const labelGap = 1e-6;
const chunkRows = 1000;

/**
 * Compares a compiled graph with the model it was compiled from, row by row: margins and answers to 1e-5·max(1, |b|), and
 * the served label. Gives the largest difference; `internal` where they differ: such bytes must not be kept.
 */
export async function verifyGraph(
  bytes: Uint8Array,
  fitted: FittedModel,
  columns: FeatureColumn[],
  rows: number,
): Promise<{ rows: number; worst: number }> {
  const open = await openModel(bytes, { expectedSha256: sha256(bytes) });
  let worst = 0;
  try {
    for (let start = 0; start < rows; start += chunkRows) {
      const part = Int32Array.from({ length: Math.min(chunkRows, rows - start) }, (_, i) => start + i);
      const chunk = takeRows(columns, part);
      const [given, wanted] = [await open.run(chunk, part.length), predictFitted(fitted, chunk)];
      worst = Math.max(worst, differenceOf(given, wanted));
      const flipped = flipsOf(given, wanted, fitted);
      // NaN would pass every comparison.
      if (!(worst <= tolerance) || flipped > 0)
        throw fault("internal", "the compiled graph doesn't say what the model says; it was not kept", {
          worst,
          flipped,
        });
      await setImmediate();
    }
  } finally {
    await open.close();
  }
  return { rows, worst };
}

function differenceOf(given: ModelOutput, { margins, probabilities, values }: Scored): number {
  let worst = 0;
  const compare = (found: ArrayLike<number>, outputs: Float64Array[]) => {
    for (let row = 0; row < given.rows; row++)
      for (const [k, output] of outputs.entries()) {
        const wanted = output[row]!;
        const apart = Math.abs(found[row * outputs.length + k]! - wanted) / Math.max(1, Math.abs(wanted));
        if (!(apart <= worst)) worst = apart;
      }
  };
  compare(given.margins, margins);
  if (given.kind === "values") compare(given.values, [values!]);
  else compare(given.probabilities, probabilities);
  return worst;
}

function flipsOf(given: ModelOutput, wanted: Scored, { classes, threshold }: FittedModel): number {
  if (given.kind === "values") return 0;
  let flips = 0;
  for (let row = 0; row < given.rows; row++) {
    if (classes[given.labels[row]!] === wanted.labels![row]) continue;
    const p = wanted.probabilities.map((column) => column[row]!).sort((a, b) => b - a);
    const gap = threshold === null ? p[0]! - p[1]! : Math.abs(wanted.probabilities[1]![row]! - threshold);
    if (gap > labelGap) flips++;
  }
  return flips;
}
