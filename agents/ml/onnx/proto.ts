import { type ProtoWriter, protoWriter } from "./protobuf.ts";

/** Element types of tensors by their number in ONNX's TensorProto.DataType. */
export const elementTypes = { float: 1, int64: 7, string: 8, bool: 9, double: 11 } as const;
export type ElementType = keyof typeof elementTypes;

/** A constant of the graph. Strings are written as UTF-8, numbers little-endian. */
export type TensorProto = { name: string; type: ElementType; dims: number[]; values: readonly (number | string)[] };

/** An attribute of a node, by the kind of its value. */
export type AttributeProto =
  | { name: string; int: number }
  | { name: string; text: string }
  | { name: string; ints: ArrayLike<number> }
  | { name: string; floats: ArrayLike<number> }
  | { name: string; texts: readonly string[] };

/** An operator: `domain` "" is ai.onnx; inputs and outputs are names of values. */
export type NodeProto = {
  op: string;
  domain: "" | "ai.onnx.ml";
  inputs: string[];
  outputs: string[];
  attributes: AttributeProto[];
};

/** An input or output; a dimension is a number or the name of a free one. */
export type ValueInfo = { name: string; type: ElementType; dims: (number | string)[] };

export type GraphProto = {
  name: string;
  nodes: NodeProto[];
  initializers: TensorProto[];
  inputs: ValueInfo[];
  outputs: ValueInfo[];
};

export type ModelProto = { graph: GraphProto; producer: string; metadata: Record<string, string> };

/** IR 8 with ai.onnx 17 and ai.onnx.ml 3: everything we emit exists there, and runtimes since 2022 read it. */
export const irVersion = 8;
export const opsets = { "": 17, "ai.onnx.ml": 3 } as const;

/** The bytes of a model file. Field numbers are those of onnx.proto3. Equal models give equal bytes. */
export function encodeModel(model: ModelProto): Uint8Array {
  return message((w) => {
    w.int(1, irVersion);
    w.text(2, model.producer);
    w.bytes(7, encodeGraph(model.graph));
    for (const [domain, version] of Object.entries(opsets)) {
      w.bytes(
        8,
        message((set) => {
          set.text(1, domain);
          set.int(2, version);
        }),
      );
    }
    for (const [key, value] of Object.entries(model.metadata)) {
      w.bytes(
        14,
        message((entry) => {
          entry.text(1, key);
          entry.text(2, value);
        }),
      );
    }
  });
}

function message(write: (w: ProtoWriter) => void): Uint8Array {
  const w = protoWriter();
  write(w);
  return w.finish();
}

const encodeGraph = (graph: GraphProto) =>
  message((w) => {
    for (const node of graph.nodes) w.bytes(1, encodeNode(node));
    w.text(2, graph.name);
    for (const tensor of graph.initializers) w.bytes(5, encodeTensor(tensor));
    for (const input of graph.inputs) w.bytes(11, encodeValueInfo(input));
    for (const output of graph.outputs) w.bytes(12, encodeValueInfo(output));
  });

const encodeNode = (node: NodeProto) =>
  message((w) => {
    for (const input of node.inputs) w.text(1, input);
    for (const output of node.outputs) w.text(2, output);
    w.text(4, node.op);
    for (const attribute of node.attributes) w.bytes(5, encodeAttribute(attribute));
    if (node.domain !== "") w.text(7, node.domain);
  });

const encodeAttribute = (attribute: AttributeProto) =>
  message((w) => {
    w.text(1, attribute.name);
    if ("int" in attribute) {
      w.int(3, attribute.int);
      w.int(20, 2);
    } else if ("text" in attribute) {
      w.text(4, attribute.text);
      w.int(20, 3);
    } else if ("floats" in attribute) {
      w.floats(7, attribute.floats);
      w.int(20, 6);
    } else if ("ints" in attribute) {
      w.ints(8, attribute.ints);
      w.int(20, 7);
    } else {
      for (const value of attribute.texts) w.text(9, value);
      w.int(20, 8);
    }
  });

const encodeTensor = (tensor: TensorProto) =>
  message((w) => {
    w.ints(1, tensor.dims);
    w.int(2, elementTypes[tensor.type]);
    if (tensor.type === "string") for (const value of tensor.values) w.text(6, String(value));
    else w.bytes(9, rawData(tensor));
    w.text(8, tensor.name);
  });

function rawData({ type, values }: TensorProto): Uint8Array {
  const size = type === "bool" ? 1 : type === "float" ? 4 : 8;
  const raw = Buffer.alloc(values.length * size);
  values.forEach((value, i) => {
    if (type === "float") raw.writeFloatLE(Number(value), i * size);
    else if (type === "double") raw.writeDoubleLE(Number(value), i * size);
    else if (type === "int64") raw.writeBigInt64LE(BigInt(value), i * size);
    else raw[i] = Number(value);
  });
  return raw;
}

const encodeValueInfo = (value: ValueInfo) =>
  message((w) => {
    w.text(1, value.name);
    const shape = message((s) => {
      for (const dim of value.dims)
        s.bytes(
          1,
          message((d) => (typeof dim === "number" ? d.int(1, dim) : d.text(2, dim))),
        );
    });
    const tensor = message((t) => {
      t.int(1, elementTypes[value.type]);
      t.bytes(2, shape);
    });
    w.bytes(
      2,
      message((type) => type.bytes(1, tensor)),
    );
  });
