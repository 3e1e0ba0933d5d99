import type { EncodedColumn } from "../fitted.ts";
import type { GraphBuilder } from "./graph.ts";
import type { InputBlock } from "./inputs.ts";

/** Columns of the design matrix made together: `encoded[j]` is the index in `model.encoding` of the block's column j. */
export type EncodedBlock = { value: string; type: "double" | "bool"; encoded: number[] };

type Indexed<Op extends EncodedColumn["op"]> = { index: number; column: Extract<EncodedColumn, { op: Op }> };

/** The columns of one kind with their place in the encoding. */
export const columnsOf = <Op extends EncodedColumn["op"]>(encoding: EncodedColumn[], op: Op): Indexed<Op>[] =>
  encoding.flatMap((column, index) => (column.op === op ? [{ index, column: column as Indexed<Op>["column"] }] : []));

/** All `number` columns at once, in double: impute where NaN, subtract the mean, divide by the scale. */
export function numberBlock(g: GraphBuilder, numbers: InputBlock, columns: Indexed<"number">[]): EncodedBlock {
  const row = (values: number[]) => g.constant("double", [1, values.length], values);
  const order = columns.map(({ column }) => numbers.columnOf.get(column.input)!);
  let value = g.columns(numbers.value, numbers.width, order);
  if (columns.some(({ column }) => column.impute !== null)) {
    const filling = row(columns.map(({ column }) => column.impute ?? Number.NaN));
    value = g.node("Where", [g.node("IsNaN", [value]), filling, value]);
  }
  if (columns.some(({ column }) => column.mean !== 0)) {
    value = g.node("Sub", [value, row(columns.map(({ column }) => column.mean))]);
  }
  if (columns.some(({ column }) => column.scale !== 1)) {
    value = g.node("Div", [value, row(columns.map(({ column }) => column.scale))]);
  }
  return { value, type: "double", encoded: columns.map(({ index }) => index) };
}

/** `missing` columns of number inputs: whether the input is NaN. */
export function missingNumberBlock(g: GraphBuilder, numbers: InputBlock, columns: Indexed<"missing">[]): EncodedBlock {
  const order = columns.map(({ column }) => numbers.columnOf.get(column.input)!);
  const value = g.node("IsNaN", [g.columns(numbers.value, numbers.width, order)]);
  return { value, type: "bool", encoded: columns.map(({ index }) => index) };
}
