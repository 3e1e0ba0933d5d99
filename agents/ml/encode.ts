import { fault } from "@muster/shared/fault.ts";
import type { EncodedColumn, FittedInput } from "./fitted.ts";
import type { FeatureColumn, Matrix } from "./matrix.ts";

/** The part of a fitted model that says how its design matrix is made. */
export type Encoding = { inputs: FittedInput[]; encoding: EncodedColumn[] };

/** A dense design matrix in float64, row-major `rows × columns`, NaN where missing; what linear models are fitted on. */
export type Design = { rows: number; columns: number; values: Float64Array };

/** The design matrix in float32, as trees see it. Columns are found by name; `invalid_input` where one is missing or of another type. */
export function encode(model: Encoding, columns: FeatureColumn[]): Matrix {
  const rows = rowsOf(columns);
  const width = model.encoding.length;
  const values = new Float32Array(rows * width);
  fill(model, columns, rows, values);
  return { rows, columns: width, values };
}

/** The design matrix in float64, as linear models see it. Faults as `encode`. */
export function encodeDesign(model: Encoding, columns: FeatureColumn[]): Design {
  const rows = rowsOf(columns);
  const width = model.encoding.length;
  const values = new Float64Array(rows * width);
  fill(model, columns, rows, values);
  return { rows, columns: width, values };
}

/** The number of rows of a list of columns; `invalid_input` where they differ or there is no column. */
export function rowsOf(columns: FeatureColumn[]): number {
  const rows = columns[0]?.values.length;
  if (rows === undefined) throw fault("invalid_input", "there is no feature column");
  const odd = columns.find((column) => column.values.length !== rows);
  if (odd) throw fault("invalid_input", `column ${odd.name} has ${odd.values.length} rows, others ${rows}`);
  return rows;
}

/** Whether the value of a row is missing: NaN, or "" of a category. */
export const isMissing = (column: FeatureColumn, row: number): boolean =>
  column.type === "number" ? Number.isNaN(column.values[row]!) : column.values[row] === "";

/** The same columns with the given rows only, in that order. */
export function takeRows(columns: FeatureColumn[], rows: Int32Array): FeatureColumn[] {
  return columns.map((column) =>
    column.type === "number"
      ? { ...column, values: Float64Array.from(rows, (row) => column.values[row]!) }
      : { ...column, values: Array.from(rows, (row) => column.values[row]!) },
  );
}

function fill(model: Encoding, columns: FeatureColumn[], rows: number, out: Float32Array | Float64Array): void {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const width = model.encoding.length;
  for (const [at, encoded] of model.encoding.entries()) {
    const input = model.inputs[encoded.input];
    const column = input && byName.get(input.name);
    if (!column) throw fault("invalid_input", `column ${input?.name} is missing; pass every input of the model`);
    if (column.type !== input.type) throw fault("invalid_input", `column ${input.name} is to be a ${input.type}`);
    const value = cellOf(encoded, column);
    for (let row = 0, cell = at; row < rows; row++, cell += width) out[cell] = value(row);
  }
}

function cellOf(encoded: EncodedColumn, column: FeatureColumn): (row: number) => number {
  if (encoded.op === "missing") return (row) => (isMissing(column, row) ? 1 : 0);
  if (encoded.op === "number") {
    if (column.type !== "number") throw fault("invalid_input", `column ${column.name} is to be a number`);
    const { impute, mean, scale } = encoded;
    return (row) => {
      const raw = column.values[row]!;
      return ((Number.isNaN(raw) ? (impute ?? Number.NaN) : raw) - mean) / scale;
    };
  }
  if (column.type !== "category") throw fault("invalid_input", `column ${column.name} is to be a category`);
  const { values } = column;
  if (encoded.op === "one_hot") return (row) => (values[row] === encoded.category ? 1 : 0);
  if (encoded.op === "target") {
    // A Map, because a category may be named like a member of Object.
    const statistic = new Map(Object.entries(encoded.values));
    return (row) => statistic.get(values[row]!) ?? encoded.prior;
  }
  const rank = new Map(encoded.categories.map((category, i) => [category, i]));
  return (row) => rank.get(values[row]!) ?? Number.NaN;
}
