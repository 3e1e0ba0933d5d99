import type { GraphBuilder, Value } from "./graph.ts";
import type { GraphInputs } from "./inputs.ts";
import { elementTypes } from "./proto.ts";

/** The same margins for every row, double [n, k]. Built from elementwise operators on any input, which carry the row count. */
export function constantMargins(g: GraphBuilder, rows: GraphInputs["rows"], margins: number[]): Value {
  const zero = rows.type === "number" ? g.node("IsNaN", [rows.value]) : anyCode(g, rows.value);
  const zeros = g.node("Mul", [g.cast(zero, elementTypes.double), g.constant("double", [1, 1], [0])]);
  return g.node("Add", [zeros, g.constant("double", [1, margins.length], margins)]);
}

const anyCode = (g: GraphBuilder, text: Value): Value =>
  g.node(
    "LabelEncoder",
    [text],
    [
      { name: "keys_strings", texts: [""] },
      { name: "values_int64s", ints: [0] },
      { name: "default_int64", int: 0 },
    ],
    "ai.onnx.ml",
  );
