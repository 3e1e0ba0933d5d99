import type { ReadModel } from "./assemble.ts";
import { readOnnxModel } from "./onnx-model.ts";
import { readXgboostJson } from "./xgboost-json.ts";

/** What a model file is (JSON begins with a brace), and what it holds. `invalid_input` where it is none that can be adopted. */
export function readModelFile(bytes: Uint8Array): { kind: "xgboost" | "onnx"; read: ReadModel } {
  const first = bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  return first === 0x7b
    ? { kind: "xgboost", read: readXgboostJson(bytes) }
    : { kind: "onnx", read: readOnnxModel(bytes) };
}
