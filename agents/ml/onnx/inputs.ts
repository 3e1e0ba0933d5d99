import { fault } from "@muster/shared/fault.ts";
import type { FittedModel } from "../fitted.ts";
import type { GraphBuilder, Value } from "./graph.ts";

/** The graph's outputs by name. `margin` and `probabilities` [n,k], `label` [n,1]; a regression has `margin` and `value` [n,1]. */
export const outputNames = {
  margin: "margin",
  probabilities: "probabilities",
  label: "label",
  value: "value",
} as const;

/** Stands in for the inputs of a model that uses none (a baseline), so that the graph knows how many rows there are. */
export const rowsInput = "/rows";

/** The name of a feature's input: the feature's own, unless an output bears it. */
export const inputName = (feature: string): string =>
  Object.hasOwn(outputNames, feature) ? `/feature/${feature}` : feature;

/** The text as the runtime's string tensors carry it: they end at a NUL, so it becomes U+FFFD on both sides. */
export const runtimeText = (text: string): string => (text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text);

/** Inputs of one type side by side, and each model input's column in it. */
export type InputBlock = { value: Value; width: number; columnOf: Map<number, number> };

export type GraphInputs = {
  /** Any [n,1] input, for its row count. */
  rows: { value: Value; type: "number" | "category" };
  /** All number inputs, double [n, width]; null without any. */
  numbers: InputBlock | null;
  /** The value of each category input, string [n,1], by its index in `model.inputs`. */
  categories: Map<number, Value>;
};

/** Declares one [n,1] input per input of the model: double for numbers (NaN missing), string for categories ("" missing). */
export function declareInputs(g: GraphBuilder, model: FittedModel): GraphInputs {
  const names = new Set(model.inputs.map((input) => input.name));
  if (names.size !== model.inputs.length) throw fault("invalid_input", "two inputs of the model have the same name");
  if (model.inputs.some((input) => input.name === "" || input.name.startsWith("/"))) {
    throw fault("invalid_input", "an input of the model has a name that is empty or starts with a slash");
  }
  const declare = (name: string, type: "number" | "category") =>
    g.input({ name, type: type === "number" ? "double" : "string", dims: ["n", 1] });
  const values = model.inputs.map((input) => declare(inputName(input.name), input.type));
  const first = model.inputs[0];
  const rows = first
    ? { value: values[0]!, type: first.type }
    : { value: declare(rowsInput, "number"), type: "number" as const };
  const indices = model.inputs.map((_, i) => i);
  const used = new Set(model.encoding.map((column) => column.input));
  const numbers = indices.filter((i) => model.inputs[i]!.type === "number" && used.has(i));
  return {
    rows,
    numbers: numbers.length
      ? {
          value: g.sideBySide(numbers.map((i) => values[i]!)),
          width: numbers.length,
          columnOf: new Map(numbers.map((input, column) => [input, column])),
        }
      : null,
    categories: new Map(
      indices.filter((i) => model.inputs[i]!.type === "category").map((i) => [i, values[i]!] as const),
    ),
  };
}
