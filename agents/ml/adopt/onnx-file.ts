import { fault } from "@muster/shared/fault.ts";
import { type ProtoField, protoFields, protoInts, protoMessage, protoText } from "../onnx/protobuf-reader.ts";

/** A node as it stands in a file: its operator (`domain:op`, ai.onnx without prefix), what it reads and gives, its attributes. */
export type OnnxNode = { op: string; inputs: string[]; outputs: string[]; attributes: Map<string, OnnxAttribute> };
/** The values of an attribute, by the kind that they have. */
export type OnnxAttribute = { floats: number[]; ints: number[]; texts: string[] };
/** A graph as it stands in a file: its nodes in order, and its inputs with how wide they are said to be (null: not said). */
export type OnnxGraph = { nodes: OnnxNode[]; inputs: { name: string; width: number | null }[] };

const refused = (why: string) => fault("invalid_input", `this model file is refused: ${why}`);

/** Reads a model file's graph without running it; `invalid_input` where it isn't one, or holds what no adopted model needs. */
export function readOnnxFile(bytes: Uint8Array): OnnxGraph {
  const graph: OnnxGraph = { nodes: [], inputs: [] };
  let graphs = 0;
  for (const field of protoFields(bytes)) {
    // Functions of its own (25) and training parts (20) could hide anything.
    if (field.field === 20 || field.field === 25) throw refused("it has parts besides its graph");
    if (field.field !== 7) continue;
    graphs++;
    for (const part of protoFields(protoMessage(field))) {
      if (part.field === 1) graph.nodes.push(nodeOf(protoMessage(part)));
      else if (part.field === 11) graph.inputs.push(inputOf(protoMessage(part)));
    }
  }
  if (graphs !== 1) throw refused("it has no graph, or several");
  return graph;
}

function nodeOf(message: Uint8Array): OnnxNode {
  const node: OnnxNode = { op: "", inputs: [], outputs: [], attributes: new Map() };
  let domain = "";
  for (const field of protoFields(message)) {
    if (field.field === 1) node.inputs.push(protoText(field));
    else if (field.field === 2) node.outputs.push(protoText(field));
    else if (field.field === 4) node.op = protoText(field);
    else if (field.field === 7) domain = protoText(field);
    else if (field.field === 5) {
      const [name, value] = attributeOf(protoMessage(field));
      node.attributes.set(name, value);
    }
  }
  return { ...node, op: domain === "" || domain === "ai.onnx" ? node.op : `${domain}:${node.op}` };
}

function attributeOf(message: Uint8Array): [string, OnnxAttribute] {
  const value: OnnxAttribute = { floats: [], ints: [], texts: [] };
  let name = "";
  for (const field of protoFields(message)) {
    if (field.field === 1) name = protoText(field);
    else if (field.field === 2 || field.field === 7) value.floats.push(...floatsOf(field));
    else if (field.field === 3 || field.field === 8) value.ints.push(...protoInts(field));
    else if (field.field === 4 || field.field === 9) value.texts.push(protoText(field));
    // Tensors, graphs and their lists.
    else if ([5, 6, 10, 11, 22, 23].includes(field.field))
      throw refused("an attribute of it holds a tensor or a graph");
  }
  return [name, value];
}

/** Floats of a field, one or packed. */
function floatsOf(field: ProtoField): number[] {
  const { bytes } = field;
  if (bytes.length % 4 !== 0) throw refused("a list of numbers in it is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

/** The fields of nested messages that a path of field numbers leads to. */
function within(message: Uint8Array, [first, ...rest]: readonly number[]): ProtoField[] {
  const found = [...protoFields(message)].filter(({ field }) => field === first);
  return rest.length === 0 ? found : found.flatMap((field) => within(protoMessage(field), rest));
}

/** ValueInfo: name (1), type (2) of a tensor (1) with a shape (2) of dimensions (1), each a number (1) or a name. */
function inputOf(message: Uint8Array): OnnxGraph["inputs"][number] {
  const [name] = within(message, [1]);
  const dims = within(message, [2, 1, 2, 1]).map((dim) => within(protoMessage(dim), [1])[0]);
  const last = dims.length === 2 ? dims[1] : undefined;
  return { name: name ? protoText(name) : "", width: last ? Number(last.value) : null };
}
