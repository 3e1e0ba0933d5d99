import type { FittedModel } from "../fitted.ts";
import { sampleMatrix } from "../scoring/read-matrix.ts";
import type { ServingDeps } from "./deps.ts";
import { goldenRows, leastGoldenRows } from "./golden.ts";
import { loadModel } from "./loaded-model.ts";
import { readLookup } from "./lookup.ts";
import { type ServingPackage, servedModel } from "./package.ts";

/** Rows of real data that a compiled model is compared on with the reference before it goes live. */
const comparedRows = 200;

/**
 * Loads a model as the data plane will and compares it on real rows with the reference; gives how many. `unfit` where they
 * differ, `not_found` where its data are gone.
 */
export async function proveServable(
  served: ServingPackage,
  fitted: FittedModel,
  onnx: Uint8Array,
  scoring: { dataset: string; asOf: string | null },
  { lake, keyed }: Pick<ServingDeps, "lake" | "keyed">,
): Promise<number> {
  const sample = (pin: string) => sampleMatrix(lake, pin, served.features, comparedRows);
  const newest = await sample(scoring.dataset);
  const { rows, columns } = newest.rows >= leastGoldenRows ? newest : await sample(served.training);
  const lookup = await readLookup(lake, served, scoring);
  const model = servedModel(served, onnx, lookup, keyed);
  const loaded = await loadModel(model, goldenRows(fitted, columns, rows));
  await loaded.close();
  await model.online?.find({ rows: 0, columns: new Map(), keys: null });
  return rows;
}
