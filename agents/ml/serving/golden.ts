import { fault } from "@muster/shared/fault.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";
import type { GoldenRows } from "./served-model.ts";

/** Fewer golden rows than this say little about a graph. */
export const leastGoldenRows = 20;

/**
 * Golden rows from real ones: what the reference scorer, which is held to the engine on whole files, gives for them.
 * `unfit` below 20 rows.
 */
export function goldenRows(fitted: FittedModel, columns: FeatureColumn[], rows: number): GoldenRows {
  if (rows < leastGoldenRows)
    throw fault("unfit", `${rows} rows to compare the compiled model on; at least ${leastGoldenRows} are needed`);
  if (columns.length === 0) return constantRows(fitted, rows);
  const { probabilities, values } = predictFitted(fitted, columns);
  const outputs = values ? [values] : probabilities;
  return { columns, rows, expected: Array.from({ length: rows }, (_, row) => outputs.map((k) => k[row]!)).flat() };
}

/** A model that reads no column gives every row the same. */
function constantRows({ estimator }: FittedModel, rows: number): GoldenRows {
  if (estimator.kind !== "constant") throw fault("internal", "a model without inputs isn't constant");
  return { columns: [], rows, expected: new Array(rows).fill(estimator.output).flat() };
}
