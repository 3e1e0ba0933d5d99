import { fault } from "@muster/shared/fault.ts";
import type { ReadModel } from "./assemble.ts";
import { readXgboostJson } from "./xgboost-json.ts";

/** What a model file is, and what it holds. `invalid_input` where it is none that can be adopted. */
export async function readModelFile(bytes: Uint8Array): Promise<{ kind: "xgboost" | "onnx"; read: ReadModel }> {
  const first = bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  if (first === 0x7b) return { kind: "xgboost", read: readXgboostJson(bytes) };
  throw fault("invalid_input", "this file is no model that can be adopted: XGBoost JSON (save_model) is");
}
