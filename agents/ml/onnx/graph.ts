import { fault } from "@muster/shared/fault.ts";
import type { AttributeProto, ElementType, GraphProto, NodeProto, TensorProto, ValueInfo } from "./proto.ts";

/** The name of a value in the graph under construction. */
export type Value = string;

/** A graph being built: each call adds what it names and gives the new value's name. */
export type GraphBuilder = {
  input(info: ValueInfo): Value;
  constant(type: Exclude<ElementType, "string">, dims: number[], values: readonly number[]): Value;
  /** One node with one output. */
  node(op: string, inputs: Value[], attributes?: AttributeProto[], domain?: NodeProto["domain"]): Value;
  cast(value: Value, to: number): Value;
  /** Values side by side (axis 1); the value itself when there is one. */
  sideBySide(values: Value[]): Value;
  /** Columns of a `width`-wide value in the given order; the value itself when that is all of them in order. */
  columns(value: Value, width: number, order: number[]): Value;
  output(value: Value, info: ValueInfo): void;
  finish(name: string): GraphProto;
};

/** An empty graph. Inner values are named `/op/number`: a feature's name has no slash, so they never collide with inputs. */
export function graphBuilder(): GraphBuilder {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  let count = 0;
  const fresh = (kind: string): Value => `/${kind}/${count++}`;

  const node: GraphBuilder["node"] = (op, from, attributes = [], domain = "") => {
    const output = fresh(op);
    nodes.push({ op, domain, inputs: from, outputs: [output], attributes });
    return output;
  };
  const constant: GraphBuilder["constant"] = (type, dims, values) => {
    const name = fresh("constant");
    initializers.push({ name, type, dims, values });
    return name;
  };
  return {
    input(info) {
      inputs.push(info);
      return info.name;
    },
    constant,
    node,
    cast: (value, to) => node("Cast", [value], [{ name: "to", int: to }]),
    sideBySide(values) {
      if (values.length === 0) throw fault("internal", "a graph value needs at least one column");
      return values.length === 1 ? values[0]! : node("Concat", values, [{ name: "axis", int: 1 }]);
    },
    columns(value, width, order) {
      if (order.length === width && order.every((column, i) => column === i)) return value;
      return node("Gather", [value, constant("int64", [order.length], order)], [{ name: "axis", int: 1 }]);
    },
    output(value, info) {
      nodes.push({ op: "Identity", domain: "", inputs: [value], outputs: [info.name], attributes: [] });
      outputs.push(info);
    },
    finish: (name) => ({ name, nodes, initializers, inputs, outputs }),
  };
}
