import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Answered } from "./answer.ts";
import { noEnds } from "./answer-split.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { RawColumn, ServedModel } from "./served-model.ts";
import { listed, type SentTable } from "./table.ts";

/** An infer request of the Open Inference Protocol v2 (REST), as far as it doesn't depend on a model. */
export type InferRequest = {
  id: string | null;
  table: SentTable;
  datatypes: Map<string, string>;
  outputs: string[] | null;
};

/** The whole numbers a datatype holds (64-bit ones as far as JSON numbers are exact). */
const integerRange: Record<string, [number, number]> = {
  INT8: [-128, 127],
  INT16: [-32768, 32767],
  INT32: [-2147483648, 2147483647],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  UINT8: [0, 255],
  UINT16: [0, 65535],
  UINT32: [0, 4294967295],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
};
const integers = Object.keys(integerRange);
const floats = ["FP16", "FP32", "FP64"];
const known: ReadonlySet<string> = new Set(["BOOL", "BYTES", ...integers, ...floats]);

/** The datatypes a raw column may be sent as; the first one stands in the metadata. Whether a value fits is checked value by value. */
export const datatypesOf: Record<ColumnType, readonly string[]> = {
  boolean: ["BOOL", ...integers],
  integer: ["INT64", ...integers, ...floats],
  number: ["FP64", ...floats, ...integers],
  text: ["BYTES"],
  date: ["BYTES"],
  timestamp: ["BYTES"],
};

/**
 * Reads `{id?, parameters?, inputs: [{name, shape, datatype, data}], outputs?}`: shapes [n] or [n,1], all of one n,
 * as many data as the shape says, values that their datatype holds. `invalid_input` names the input at fault.
 */
export function readInfer(body: JsonObject): InferRequest {
  const { id = null, inputs, outputs = null } = body;
  if (id !== null && typeof id !== "string") throw fault("invalid_input", "id must be a string");
  if (!Array.isArray(inputs) || inputs.length === 0) throw fault("invalid_input", "inputs must be a list of tensors");
  const datatypes = new Map<string, string>();
  const columns = new Map<string, readonly unknown[]>();
  let rows = -1;
  for (const input of inputs) {
    const { name, datatype, data } = readTensor(input);
    if (columns.has(name)) throw fault("invalid_input", `input ${listed([name])} is there twice`);
    if (rows >= 0 && data.length !== rows) throw fault("invalid_input", "the inputs have different numbers of rows");
    rows = data.length;
    columns.set(name, data);
    datatypes.set(name, datatype);
  }
  return { id, table: { rows, columns, text: false }, datatypes, outputs: readOutputs(outputs) };
}

function readTensor(input: unknown): { name: string; datatype: string; data: readonly unknown[] } {
  if (!isObject(input)) throw fault("invalid_input", "each of inputs must be {name, shape, datatype, data}");
  const { name, shape, datatype, data, parameters } = input;
  if (typeof name !== "string") throw fault("invalid_input", "an input has no name");
  const at = `input ${listed([name])}`;
  if (isObject(parameters) && "binary_data_size" in parameters) {
    throw fault("invalid_input", `${at} is sent as binary data, which isn't supported; send data as JSON`);
  }
  if (typeof datatype !== "string" || !known.has(datatype)) {
    throw fault("invalid_input", `${at} has no known datatype; known are ${[...known].join(", ")}`);
  }
  if (!Array.isArray(shape) || !shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw fault("invalid_input", `${at} has no shape; send [n] or [n,1]`);
  }
  if (shape.length < 1 || shape.length > 2 || (shape.length === 2 && shape[1] !== 1)) {
    throw fault("invalid_input", `${at} has a shape that isn't [n] or [n,1]`);
  }
  if (!Array.isArray(data)) throw fault("invalid_input", `${at} has no data`);
  const flat: unknown[] = data.some(Array.isArray) ? data.flat() : data;
  if (flat.length !== shape[0])
    throw fault("invalid_input", `${at} has ${flat.length} values, its shape says ${shape[0]}`);
  const odd = flat.findIndex((value) => value !== null && !holds(datatype, value));
  if (odd >= 0) throw fault("invalid_input", `${at} has a value at row ${odd} that ${datatype} doesn't hold`);
  return { name, datatype, data: flat };
}

function holds(datatype: string, value: unknown): boolean {
  if (datatype === "BYTES") return typeof value === "string";
  if (datatype === "BOOL") return typeof value === "boolean" || value === 0 || value === 1;
  if (typeof value !== "number") return false;
  const range = integerRange[datatype];
  return range ? Number.isInteger(value) && value >= range[0] && value <= range[1] : true;
}

function readOutputs(outputs: unknown): string[] | null {
  if (outputs === null) return null;
  const names = Array.isArray(outputs) ? outputs.map((output) => (isObject(output) ? output.name : null)) : [null];
  if (!names.every((name) => typeof name === "string"))
    throw fault("invalid_input", "outputs must be a list of {name}");
  return names;
}

/** Refuses inputs whose datatype their column doesn't take, and outputs that the model doesn't give. */
export function checkSignature(served: ServedModel, { datatypes, outputs }: InferRequest): void {
  const { entity, columns } = served.input;
  for (const { name, type } of entity ? [...columns, entity] : columns) {
    const sent = datatypes.get(name);
    if (sent !== undefined && !datatypesOf[type].includes(sent)) {
      throw fault("invalid_input", `input ${name} is of type ${type}: send it as ${datatypesOf[type][0]}, not ${sent}`);
    }
  }
  const given = outputNames(served);
  const unknown = (outputs ?? []).filter((name) => !given.includes(name));
  if (unknown.length > 0)
    throw fault("invalid_input", `there is no output ${listed(unknown)}; there are ${given.join(", ")}`);
}

const outputNames = ({ output }: ServedModel): string[] => {
  if (output.task !== "regression") return ["prediction", "probabilities"];
  return output.interval ? ["prediction", ...intervalNames] : ["prediction"];
};

const intervalNames = ["prediction_low", "prediction_high"] as const;

/** The datatype of `prediction`: that of the target, FP64 for a regression. */
const predictionDatatype = ({ output }: ServedModel): string =>
  output.task === "regression" ? "FP64" : datatypesOf[output.target][0]!;

/**
 * The protocol's answer to an infer request. Where traffic is split, `model_version` names every version that answered a row
 * (joined by commas), and the parameters say of each row which did and whether it may be acted on.
 */
export function inferResponse({ served, scored, sides }: Answered, id: string, wanted: string[] | null) {
  const { rows, ...answer } = scored;
  const outputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[] = [
    { name: "prediction", datatype: predictionDatatype(served), shape: [rows], data: answer.predictions },
  ];
  if (answer.probabilities) {
    const shape = [rows, served.output.classes.length];
    outputs.push({ name: "probabilities", datatype: "FP32", shape, data: Array.from(answer.probabilities) });
  }
  if (served.output.interval) {
    const { low, high } = answer.ends ?? noEnds(rows);
    for (const [i, ends] of [low, high].entries())
      outputs.push({ name: intervalNames[i]!, datatype: "FP64", shape: [rows], data: Array.from(ends) });
  }
  const parameters = {
    ...(answer.featuresAsOf !== null && { features_as_of: answer.featuresAsOf }),
    ...(sides && { versions: sides.versions.map(String), acted_on: sides.actedOn }),
  };
  return {
    model_name: served.name,
    model_version: versionsOf(served, sides).join(","),
    id,
    ...(Object.keys(parameters).length > 0 && { parameters }),
    outputs: wanted ? outputs.filter(({ name }) => wanted.includes(name)) : outputs,
  };
}

/** The versions that answered, in ascending order. */
export const versionsOf = ({ version }: Pick<ServedModel, "version">, sides: Answered["sides"]): string[] =>
  [...new Set(sides?.versions ?? [version])].sort((a, b) => a - b).map(String);

/** The protocol's metadata of a model: what to send, what comes back, and the class order. */
export function modelMetadata(served: ServedModel) {
  const { input, output } = served;
  const tensor = ({ name, type }: RawColumn, optional: boolean) => ({
    name,
    datatype: datatypesOf[type][0],
    shape: [-1, 1],
    parameters: { type, ...(optional ? { optional } : {}) },
  });
  const { entity } = input;
  const columns = input.columns.filter(({ name }) => name !== entity?.name || served.lookup === null);
  const key =
    entity && !columns.some(({ name }) => name === entity.name) ? [tensor(entity, served.lookup === null)] : [];
  const classes = output.task === "regression" ? {} : { classes: output.classes, threshold: output.threshold };
  return {
    name: served.name,
    versions: [String(served.version)],
    platform: "onnxruntime_onnx",
    inputs: [...key, ...columns.map((column) => tensor(column, false))],
    outputs: [
      { name: "prediction", datatype: predictionDatatype(served), shape: [-1] },
      ...(output.interval
        ? intervalNames.map((name) => ({
            ...{ name, datatype: "FP64", shape: [-1] },
            parameters: { coverage: output.interval!.coverage },
          }))
        : []),
      ...(output.task === "regression"
        ? []
        : [
            {
              name: "probabilities",
              datatype: "FP32",
              shape: [-1, output.classes.length],
              parameters: { classes: output.classes },
            },
          ]),
    ],
    parameters: { task: output.task, hash: served.hash, aliases: served.aliases, ...classes },
  };
}
