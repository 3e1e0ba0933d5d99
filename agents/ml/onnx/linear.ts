import { fault } from "@muster/shared/fault.ts";
import type { EncodedColumn, Estimator } from "../fitted.ts";
import type { GraphBuilder, Value } from "./graph.ts";

/** Intercept + coefficients · x, double [n, k], from a double design matrix. `position[c]` is the design column of coefficient c. */
export function linearMargins(
  g: GraphBuilder,
  design: Value,
  estimator: Extract<Estimator, { kind: "linear" }>,
  position: number[],
): Value {
  const outputs = estimator.coefficients.length;
  const width = position.length;
  const weights = new Array<number>(width * outputs).fill(0);
  estimator.coefficients.forEach((row, k) => {
    if (row.length !== width)
      throw fault("invalid_input", `the model has ${width} columns and ${row.length} coefficients`);
    row.forEach((coefficient, c) => {
      weights[position[c]! * outputs + k] = coefficient;
    });
  });
  const product = g.node("MatMul", [design, g.constant("double", [width, outputs], weights)]);
  return g.node("Add", [product, g.constant("double", [1, outputs], estimator.intercept)]);
}

/** Refuses encodings that can give NaN: a linear model has nowhere to send it. */
export function refuseMissingValues(encoding: EncodedColumn[]): void {
  encoding.forEach((column, i) => {
    if (column.op === "ordinal" || (column.op === "number" && column.impute === null)) {
      throw fault("invalid_input", `column ${i} of a linear model can be missing; impute it`);
    }
  });
}
