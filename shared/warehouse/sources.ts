import { open } from "node:fs/promises";
import { fault } from "../fault.ts";
import { readRecords, sniffDialect } from "./csv.ts";
import type { Engine } from "./duckdb.ts";
import { columnNames, readHeader } from "./header.ts";
import type { TextSource } from "./infer.ts";
import { quoteIdent, quoteLiteral } from "./quote.ts";

/** A source of text columns with what had to be assumed to read it. */
export type OpenedSource = { source: TextSource; notes: string[] };

const HEAD_BYTES = 1 << 18;
const HEADER_RECORDS = 500;

/** The first bytes of a UTF-8 file as text; a longer line than that is no table. */
async function headOf(path: string): Promise<{ text: string; whole: boolean }> {
  const handle = await open(path, "r");
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const { size } = await handle.stat();
    const text = new TextDecoder("utf-8").decode(buffer.subarray(0, bytesRead), { stream: bytesRead < size });
    return { text, whole: bytesRead === size };
  } finally {
    await handle.close();
  }
}

const empty = () => fault("invalid_input", "the file is empty; load a file with a header and rows");

/** Refuses a table wider than the limit, before an engine sees it. */
export function checkWidth(width: number, limit: number): void {
  if (width <= limit) return;
  throw fault("invalid_input", `the file has ${width} columns, more than the limit of ${limit}; leave some out`, {
    width,
    limit,
  });
}

const structOf = (names: readonly string[], type: string) =>
  `{${names.map((name) => `${quoteLiteral(name)}: '${type}'`).join(", ")}}`;

/**
 * Reads a CSV text: dialect and header from its first records, all cells as text. `invalid_input` for an empty file, too
 * many columns, two columns of one name.
 */
export async function openCsv(path: string, maxColumns: number): Promise<OpenedSource> {
  const { text, whole } = await headOf(path);
  if (text.trim() === "") throw empty();
  const { delimiter, skip } = sniffDialect(text, whole);
  const records = readRecords(text.trimStart(), delimiter, HEADER_RECORDS, whole);
  if (records.length === 0) {
    const why = whole
      ? "a quote isn't closed"
      : `its first line is longer than ${HEAD_BYTES} bytes, or a quote isn't closed`;
    throw fault("invalid_input", `the file can't be read as CSV: ${why}`);
  }
  checkWidth(records[0]!.length, maxColumns);
  const { present, names, notes } = readHeader(records);
  const options = [
    "auto_detect = false",
    "compression = 'none'",
    `header = ${present}`,
    `skip = ${skip}`,
    `delim = ${quoteLiteral(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `columns = ${structOf(names, "VARCHAR")}`,
  ];
  const from = `read_csv(${quoteLiteral(path)}, ${options.join(", ")})`;
  return { source: { names, from, delimiter, text: quoteIdent }, notes };
}

/**
 * Reads JSON lines: the keys of all objects in the order in which they appear are the columns; nested values stay JSON
 * text. `invalid_input` for anything but one object a line.
 */
export async function openJsonLines(engine: Engine, path: string, maxColumns: number): Promise<OpenedSource> {
  const { text } = await headOf(path);
  if (text.trim() === "") throw empty();
  if (!text.trimStart().startsWith("{")) {
    throw fault("invalid_input", "the file isn't JSON lines: each line must be one object in braces");
  }
  const file = quoteLiteral(path);
  const keys = await engine.query<{ key: string }>(
    `SELECT key FROM (
       SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS place, row FROM (
         SELECT json_keys(json) AS keys, row_number() OVER () AS row
         FROM read_ndjson_objects(${file}, compression = 'uncompressed')))
     GROUP BY key ORDER BY min(row), arg_min(place, row) LIMIT ${maxColumns + 1}`,
  );
  checkWidth(keys.length, maxColumns);
  if (keys.length === 0) throw empty();
  const raw = keys.map(({ key }) => String(key));
  const { names, unnamed } = columnNames(raw);
  if (unnamed > 0) throw fault("invalid_input", "an object has a key without a name; name it");
  const renamed = raw.map((key, i) => `${quoteIdent(key)} AS ${quoteIdent(names[i]!)}`).join(", ");
  const reader = `read_json(${file}, format = 'newline_delimited', compression = 'uncompressed', columns = ${structOf(raw, "JSON")})`;
  const source: TextSource = {
    names,
    from: `(SELECT ${renamed} FROM ${reader})`,
    delimiter: ",",
    text: (name) => `(${quoteIdent(name)}->>'$')`,
    quoted: (name) => `json_type(${quoteIdent(name)}) = 'VARCHAR'`,
  };
  return { source, notes: [] };
}
