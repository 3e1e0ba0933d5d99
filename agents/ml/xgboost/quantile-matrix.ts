import koffi from "koffi";
import type { Handle, Xgboost } from "./library.ts";
import type { EngineMatrix } from "./matrix.ts";

/** Cells handed over at a time. */
const batchCells = 2 ** 18;

/** Rows of a design matrix that can be written out part by part, as often as asked. `fill` writes rows start…end, row-major, NaN missing. */
export type BatchedRows = {
  rows: number;
  columns: number;
  fill: (start: number, end: number, into: Float32Array) => void;
};

/**
 * The engine's quantised copy of a matrix that never stands whole: batches are asked for in several passes (shape, sketch,
 * bins), each value is kept as the number of its bin. About 2 bytes a cell and 50 a row, where a dense copy takes 8 a cell.
 * `bins` must be the booster's own. `reference`: a matrix whose bins are taken over, so that none are sought: the sketch takes
 * up to a megabyte a column.
 */
export function quantileMatrix(
  xgboost: Xgboost,
  source: BatchedRows,
  options: {
    bins: number;
    threads: number;
    labels?: Float32Array;
    weights?: Float32Array;
    types?: readonly string[];
    reference?: EngineMatrix;
  },
): EngineMatrix {
  const { rows, columns } = source;
  const batchRows = Math.min(rows, Math.max(1, Math.floor(batchCells / columns)));
  const length = batchRows * columns;
  // Memory of ours whose address the engine reads from: the garbage collector may not move it.
  const memory = koffi.alloc("float", length);
  const buffer = new Float32Array(koffi.view(memory, length * 4));
  const proxy = xgboost.proxyCreate();
  let at = 0;
  let thrown: unknown;
  const next = (): number => {
    if (at >= rows) return 0;
    try {
      const end = Math.min(at + batchRows, rows);
      source.fill(at, end, buffer);
      xgboost.proxySetDense(proxy, koffi.address(memory), end - at, columns);
      if (options.types) xgboost.matrixSetTypes(proxy, "feature_type", [...options.types], columns);
      at = end;
      return 1;
    } catch (error) {
      // An exception can't cross the engine: it is told of a failure, and the exception is thrown behind it.
      thrown = error;
      return -1;
    }
  };
  const reset = () => {
    at = 0;
  };
  let handle: Handle | undefined;
  let freed = false;
  const free = () => {
    if (!freed && handle !== undefined) xgboost.matrixFree(handle);
    freed = true;
  };
  try {
    const { bins, threads, reference } = options;
    handle = xgboost.quantileMatrix({ proxy, next, reset, bins, threads, reference: reference?.handle ?? 0n });
    if (options.labels) xgboost.matrixSetFloats(handle, "label", options.labels, rows);
    if (options.weights) xgboost.matrixSetFloats(handle, "weight", options.weights, rows);
    return { handle, rows, columns, free };
  } catch (error) {
    free();
    throw thrown ?? error;
  } finally {
    xgboost.matrixFree(proxy);
    koffi.free(memory);
  }
}
