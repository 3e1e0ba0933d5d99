import { fault } from "../fault.ts";
import { cellKind } from "./cells.ts";

/** The columns of a CSV file: names, whether the first record is a header, and what was assumed. */
export type Header = { present: boolean; names: string[]; notes: string[] };

const LONGEST_NAME = 200;
const isYear = (cell: string) => /^(19|20)\d\d$/.test(cell.trim());

function evidence(first: readonly string[], body: readonly string[][]) {
  let header = 0;
  let data = 0;
  let repeated = 0;
  let missing = 0;
  first.forEach((cell, i) => {
    const kind = cellKind(cell);
    const cells = body.map((record) => record[i] ?? "").filter((c) => cellKind(c) !== "missing");
    const typed = cells.filter((c) => cellKind(c) !== "text").length;
    const mostlyTyped = cells.length > 0 && typed >= 0.8 * cells.length;
    if (kind === "missing") missing += 1;
    else if (kind === "text" && mostlyTyped) header += 1;
    else if (kind === "text" && cells.includes(cell)) repeated += 1;
    else if (kind !== "text" && isYear(cell) && cells.length > 0 && !cells.some(isYear)) header += 1;
    else if (kind !== "text") data += 1;
  });
  return { header, data, repeated, missing };
}

/**
 * Whether the first record names the columns: it does when a text stands above numbers, dates or booleans; it doesn't
 * when it has such values itself (a year above other values is a name), or when its texts come again below; texts above nothing but other
 * texts are taken as names. A single record is a header unless it holds a number, a date or a boolean.
 */
export function hasHeader(records: readonly string[][]): boolean {
  const [first = [], ...body] = records;
  const { header, data, repeated, missing } = evidence(first, body);
  if (header > 0) return header > data;
  return data === 0 && repeated === 0 && missing <= first.length / 2;
}

/** Column names from a header's cells. Positions, not names, stand in the errors: the first record may be data after all. */
export function columnNames(cells: readonly string[]): { names: string[]; unnamed: number } {
  let unnamed = 0;
  const names = cells.map((cell, i) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
    const name = cell.replace(/[\s\u0000-\u001f\u007f]+/g, " ").trim();
    if (name.length > LONGEST_NAME) {
      throw fault("invalid_input", `the name of column ${i + 1} is longer than ${LONGEST_NAME} characters; shorten it`);
    }
    if (name === "") unnamed += 1;
    return name === "" ? `column_${i + 1}` : name;
  });
  const places = new Map<string, number>();
  names.forEach((name, i) => {
    const other = places.get(name.toLowerCase());
    if (other !== undefined) {
      const message = `columns ${other + 1} and ${i + 1} have the same name (upper and lower case count as the same); rename one`;
      throw fault("invalid_input", message, { columns: [other + 1, i + 1] });
    }
    places.set(name.toLowerCase(), i);
  });
  return { names, unnamed };
}

/** The columns of a CSV file from its first records. `invalid_input` for two columns of one name. */
export function readHeader(records: readonly string[][]): Header {
  const [first = []] = records;
  if (!hasHeader(records)) {
    const names = first.map((_, i) => `column_${i + 1}`);
    return { present: false, names, notes: ["the file has no header; its columns are named column_1, column_2, …"] };
  }
  const { names, unnamed } = columnNames(first);
  return {
    present: true,
    names,
    notes: unnamed > 0 ? [`${unnamed} columns without a name are named by position`] : [],
  };
}
