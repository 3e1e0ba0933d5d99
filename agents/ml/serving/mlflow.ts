import { fault } from "@muster/shared/fault.ts";
import type { Answered } from "./answer.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { SentTable } from "./table.ts";

const keys = ["dataframe_split", "dataframe_records", "instances", "inputs"] as const;

/**
 * Reads a JSON body of MLflow's scoring protocol: exactly one of `dataframe_split`, `dataframe_records`, `instances`,
 * `inputs`, with `params` beside it (models take none, so only an empty one). Rows without names are taken in the order of
 * `order`. A record without a key that another one has is missing there, as in pandas.
 */
export function readInvocation(body: JsonObject, order: readonly string[]): SentTable {
  const sent = Object.keys(body).filter((key) => key !== "params");
  const [key] = sent;
  if (sent.length !== 1 || !keys.includes(key as (typeof keys)[number])) {
    throw fault("invalid_input", `the body must have exactly one of ${keys.join(", ")} (and may have params)`);
  }
  const { params } = body;
  if (params !== undefined && params !== null && !(isObject(params) && Object.keys(params).length === 0)) {
    throw fault("invalid_input", "the model takes no params; leave them out");
  }
  const value = body[key!];
  if (key === "dataframe_split") return readSplit(value);
  if (key === "inputs" && isObject(value)) return readColumns(value);
  if (!Array.isArray(value)) throw fault("invalid_input", `${key} must be a list of rows`);
  if (key === "dataframe_records" || value.every(isObject)) return readRecords(value, key!);
  return readRows(value, order, key!);
}

function readSplit(value: unknown): SentTable {
  const { columns, data } = isObject(value) ? value : {};
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === "string") || !Array.isArray(data)) {
    throw fault("invalid_input", "dataframe_split must be {columns: [name…], data: [row…]}");
  }
  if (new Set(columns).size !== columns.length) throw fault("invalid_input", "dataframe_split names a column twice");
  return readRows(data, columns, "dataframe_split");
}

function readRows(rows: readonly unknown[], names: readonly string[], key: string): SentTable {
  const columns = names.map((): unknown[] => []);
  rows.forEach((row, i) => {
    const cells = Array.isArray(row) ? row : names.length === 1 ? [row] : null;
    if (!cells || cells.length !== names.length) {
      throw fault(
        "invalid_input",
        `row ${i} of ${key} must be a list of ${names.length} values (${names.slice(0, 20).join(", ")})`,
      );
    }
    for (let c = 0; c < names.length; c++) columns[c]!.push(cells[c]);
  });
  return { rows: rows.length, columns: new Map(names.map((name, c) => [name, columns[c]!])), text: false };
}

function readRecords(records: readonly unknown[], key: string): SentTable {
  const columns = new Map<string, unknown[]>();
  records.forEach((record, row) => {
    if (!isObject(record)) throw fault("invalid_input", `row ${row} of ${key} must be an object of column and value`);
    for (const [name, value] of Object.entries(record)) {
      let column = columns.get(name);
      if (!column) {
        column = new Array<unknown>(records.length).fill(null);
        columns.set(name, column);
      }
      column[row] = value;
    }
  });
  return { rows: records.length, columns, text: false };
}

function readColumns(value: JsonObject): SentTable {
  const columns = new Map<string, readonly unknown[]>();
  let rows = 0;
  for (const [name, data] of Object.entries(value)) {
    if (!Array.isArray(data))
      throw fault("invalid_input", "inputs must be an object of column and list, or a list of rows");
    const flat: unknown[] = data.some(Array.isArray) ? data.flat() : data;
    columns.set(name, flat);
    rows = flat.length;
  }
  return { rows, columns, text: false };
}

/**
 * The protocol's answer: a number a row for a regression, else the class and the probability of each class. Where traffic is
 * split, `versions` and `acted_on` say of each row which version answered it and whether it may be acted on.
 */
export function invocationResponse({ served, scored, sides }: Answered) {
  const { predictions, probabilities } = scored;
  const beside = sides && { versions: sides.versions.map(String), acted_on: sides.actedOn };
  if (!probabilities) return { predictions, ...beside };
  const { classes } = served.output;
  const k = classes.length;
  return {
    predictions: predictions.map((prediction, row) => ({
      prediction,
      probabilities: Object.fromEntries(classes.map((name, c) => [name, probabilities[row * k + c]!])),
    })),
    ...beside,
  };
}
