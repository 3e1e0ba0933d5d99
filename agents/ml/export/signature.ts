import type { RunResult } from "@muster/shared/domain/model.ts";
import type { FittedModel } from "../fitted.ts";
import { inputName, outputNames } from "../onnx/inputs.ts";

/**
 * A model's signature as it is written beside its bytes: what it reads (the graph's inputs, each [n, 1]: double with NaN or
 * string with "" where missing), what it answers, in which order of classes, from which probability on it says the second one.
 */
export type Signature = {
  task: RunResult["task"];
  target: string;
  classes: string[];
  threshold: number | null;
  inputs: { name: string; feature: string; type: "number" | "category"; datatype: "double" | "string" }[];
  outputs: { name: string; datatype: "double" | "float" | "int64"; width: number }[];
};

/** The signature of a fitted model as our compiler writes it. */
export function signatureOf(fitted: FittedModel, target: string): Signature {
  const { task, classes, threshold, inputs } = fitted;
  const width = task === "multiclass" ? classes.length : 1;
  const margin = { name: outputNames.margin, datatype: "double" as const, width };
  return {
    ...{ task, target, classes, threshold },
    inputs: inputs.map(({ name, type }) => ({
      ...{ name: inputName(name), feature: name, type },
      datatype: type === "number" ? "double" : "string",
    })),
    outputs:
      task === "regression"
        ? [margin, { name: outputNames.value, datatype: "double", width: 1 }]
        : [
            margin,
            { name: outputNames.probabilities, datatype: "float", width: classes.length },
            { name: outputNames.label, datatype: "int64", width: 1 },
          ],
  };
}
