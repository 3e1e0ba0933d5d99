import { fault } from "@muster/shared/fault.ts";
import { opsets } from "./proto.ts";
import type { ProtoField } from "./protobuf-reader.ts";
import { protoFields, protoInts, protoMessage, protoText } from "./protobuf-reader.ts";

/** What a model file would run: operators as `domain:op` (ai.onnx has no prefix), the names of inputs and outputs. */
export type ModelContents = { operators: string[]; inputs: string[]; outputs: string[]; bytes: number };

/** The operators our compiler emits, each elementwise, a lookup or an ensemble: none loops, reads files or makes big values from small ones. */
export const allowedOperators: ReadonlySet<string> = new Set([
  ...["Add", "ArgMax", "Cast", "Concat", "Div", "Equal", "Gather", "GreaterOrEqual", "Identity", "IsNaN"],
  ...["MatMul", "Mul", "Sigmoid", "Softmax", "Sub", "Where"],
  ...["ai.onnx.ml:LabelEncoder", "ai.onnx.ml:TreeEnsembleRegressor"],
]);

/** The largest model file that is opened, in bytes. */
export const modelSizeLimit = 256 * 1024 * 1024;

const refused = (why: string) => fault("invalid_input", `this model file is refused: ${why}`);

/**
 * Reads a model file without running it and refuses (`invalid_input`) whatever our compiler wouldn't write: another
 * operator or operator set, external data, subgraphs, functions, sparse or training parts, constants whose size and
 * shape differ, more bytes than `limit`. A runtime session is made only from bytes that passed.
 */
export function inspect(bytes: Uint8Array, limit: number = modelSizeLimit): ModelContents {
  if (bytes.length > limit) throw refused(`it has ${bytes.length} bytes, the limit is ${limit}`);
  const contents: ModelContents = { operators: [], inputs: [], outputs: [], bytes: bytes.length };
  const operators = new Set<string>();
  let graphs = 0;
  for (const field of protoFields(bytes)) {
    if (field.field === 7) {
      graphs++;
      readGraph(protoMessage(field), contents, operators);
    } else if (field.field === 8) checkOpset(protoMessage(field));
    else if (![1, 2, 3, 4, 5, 6, 14].includes(field.field)) throw refused("it has parts besides its graph");
  }
  if (graphs !== 1) throw refused("it has no graph, or several");
  contents.operators = [...operators].sort();
  return contents;
}

function readGraph(graph: Uint8Array, contents: ModelContents, operators: Set<string>): void {
  for (const field of protoFields(graph)) {
    if (field.field === 1) operators.add(readNode(protoMessage(field)));
    else if (field.field === 5) checkTensor(protoMessage(field));
    else if (field.field === 11) contents.inputs.push(nameOf(protoMessage(field)));
    else if (field.field === 12) contents.outputs.push(nameOf(protoMessage(field)));
    else if (![2, 10, 13].includes(field.field)) throw refused("its graph has parts that aren't supported");
  }
}

function readNode(node: Uint8Array): string {
  let op = "";
  let domain = "";
  for (const field of protoFields(node)) {
    if (field.field === 4) op = protoText(field);
    else if (field.field === 7) domain = protoText(field);
    else if (field.field === 5) checkAttribute(protoMessage(field));
    else if (![1, 2, 3, 6].includes(field.field)) throw refused("a node of it has parts that aren't supported");
  }
  const operator = domain === "" || domain === "ai.onnx" ? op : `${domain}:${op}`;
  if (!allowedOperators.has(operator))
    throw refused(`the operator ${JSON.stringify(operator.slice(0, 80))} isn't allowed`);
  return operator;
}

/** Attributes hold numbers and texts only: a tensor, graph or sparse tensor in one is something we never write. */
function checkAttribute(attribute: Uint8Array): void {
  for (const field of protoFields(attribute)) {
    if (![1, 2, 3, 4, 7, 8, 9, 13, 20].includes(field.field))
      throw refused("an attribute of it holds a tensor or a graph");
  }
}

const elementBytes = new Map([
  [1, 4],
  [7, 8],
  [9, 1],
  [11, 8],
]);

function checkTensor(tensor: Uint8Array): void {
  let elements = 1;
  let type = 0;
  let raw = 0;
  for (const field of protoFields(tensor)) {
    if (field.field === 1) elements = protoInts(field).reduce((n, dim) => (dim < 0 ? Number.NaN : n * dim), elements);
    else if (field.field === 2) type = Number(field.value);
    else if (field.field === 9) raw = protoMessage(field).length;
    else if (field.field === 13 || field.field === 14) throw refused("it reads data outside of itself");
    else if (field.field !== 8) throw refused("a constant of it is written in a way that isn't supported");
  }
  const size = elementBytes.get(type);
  if (size === undefined) throw refused("a constant of it has a type that isn't supported");
  if (elements * size !== raw) {
    throw refused("a constant of it has another size than its shape");
  }
}

function checkOpset(opset: Uint8Array): void {
  let domain = "";
  let version = 0;
  for (const field of protoFields(opset)) {
    if (field.field === 1) domain = protoText(field);
    else if (field.field === 2) version = Number(field.value);
  }
  const known = domain === "ai.onnx" ? "" : domain;
  if (!Object.hasOwn(opsets, known) || version > opsets[known as keyof typeof opsets]) {
    throw refused("it uses an operator set that isn't supported");
  }
}

function nameOf(value: Uint8Array): string {
  const name = [...protoFields(value)].find((field: ProtoField) => field.field === 1);
  if (!name) throw refused("an input or output of it has no name");
  return protoText(name);
}
