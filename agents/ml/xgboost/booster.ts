import { fault } from "@muster/shared/fault.ts";
import type { Handle, Xgboost } from "./library.ts";
import type { EngineMatrix } from "./matrix.ts";

/** SHAP values of a matrix, row-major `rows × outputs × (columns + 1)`; the last of each is the expected margin. */
export type Contributions = { rows: number; outputs: number; columns: number; values: Float32Array };

/** A model inside the engine; `free` gives its memory back (once). */
export type Booster = {
  handle: Handle;
  rounds: () => number;
  /** Raw margins, one array per output (binary and regression: one). */
  margins: (matrix: EngineMatrix) => Float64Array[];
  /** Exact TreeSHAP on the margin: per row and output they add up to the margin. */
  contributions: (matrix: EngineMatrix) => Contributions;
  /** Exact SHAP interactions, row-major `rows × outputs × (columns + 1) × (columns + 1)`; the last of each side is the expected margin's. */
  interactions: (matrix: EngineMatrix) => Contributions;
  /** The model as the engine writes it: `json` to read it, `ubj` (binary) to keep it. */
  save: (format: "json" | "ubj") => Uint8Array;
  /** A new booster of the first `rounds` rounds. */
  slice: (rounds: number) => Booster;
  free: () => void;
};

/** The booster behind an engine handle. */
export function boosterOf(xgboost: Xgboost, handle: Handle, threads: number): Booster {
  let freed = false;
  const predict = (matrix: EngineMatrix, type: number) => {
    const shape: [Handle | null] = [null];
    const dimensions: [number | bigint] = [0];
    const result: [Handle | null] = [null];
    const config = { type, training: false, iteration_begin: 0, iteration_end: 0, strict_shape: true };
    xgboost.boosterPredict(handle, matrix.handle, JSON.stringify(config), shape, dimensions, result);
    const sizes = xgboost.lengths(shape[0]!, Number(dimensions[0]));
    const values = xgboost.floats(
      result[0]!,
      sizes.reduce((a, b) => a * b, 1),
    );
    return { sizes, values };
  };
  return {
    handle,
    rounds() {
      const out: [number] = [0];
      xgboost.boosterRounds(handle, out);
      return out[0];
    },
    margins(matrix) {
      if (matrix.rows === 0) throw fault("invalid_input", "a prediction needs at least one row");
      const { sizes, values } = predict(matrix, 1);
      const outputs = sizes[1] ?? 1;
      return Array.from({ length: outputs }, (_, k) =>
        Float64Array.from({ length: matrix.rows }, (_, i) => values[i * outputs + k]!),
      );
    },
    contributions(matrix) {
      if (matrix.rows === 0) throw fault("invalid_input", "contributions need at least one row");
      const { sizes, values } = predict(matrix, 2);
      return { rows: matrix.rows, outputs: sizes[1]!, columns: matrix.columns, values };
    },
    interactions(matrix) {
      if (matrix.rows === 0) throw fault("invalid_input", "interactions need at least one row");
      const { sizes, values } = predict(matrix, 4);
      return { rows: matrix.rows, outputs: sizes[1]!, columns: matrix.columns, values };
    },
    save(format) {
      const length: [number | bigint] = [0];
      const address: [Handle | null] = [null];
      xgboost.boosterSave(handle, JSON.stringify({ format }), length, address);
      return xgboost.bytes(address[0]!, Number(length[0]));
    },
    slice(rounds) {
      const out: [Handle | null] = [null];
      xgboost.boosterSlice(handle, 0, rounds, 1, out);
      return boosterOf(xgboost, out[0]!, threads);
    },
    free() {
      if (!freed) xgboost.boosterFree(handle);
      freed = true;
    },
  };
}

/** A booster read from bytes that `save` wrote. Throws `internal` where the bytes aren't a model. */
export function loadBooster(xgboost: Xgboost, bytes: Uint8Array, threads: number): Booster {
  const out: [Handle | null] = [null];
  xgboost.boosterCreate([], 0, out);
  const booster = boosterOf(xgboost, out[0]!, threads);
  try {
    xgboost.boosterLoad(booster.handle, bytes, bytes.length);
    xgboost.boosterSetParam(booster.handle, "nthread", String(threads));
    return booster;
  } catch (error) {
    booster.free();
    throw error;
  }
}
