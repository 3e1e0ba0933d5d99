import { fault } from "@muster/shared/fault.ts";
import type { SentTable } from "./table.ts";

/**
 * The rows of a CSV text (RFC 4180: comma, double quotes doubled inside quotes, LF or CRLF; a byte order mark and a
 * last empty line are skipped). The first line names the columns. `invalid_input` names the line at fault.
 */
export function parseCsv(text: string): SentTable {
  const lines = csvLines(text);
  const first = lines.next();
  const names: string[] = first.done ? [] : first.value;
  if (new Set(names).size !== names.length) throw fault("invalid_input", "the CSV header names a column twice");
  const columns = names.map((): string[] => []);
  let rows = 0;
  for (const cells of lines) {
    if (cells.length === 1 && cells[0] === "" && names.length > 1) continue;
    if (cells.length !== names.length) {
      throw fault("invalid_input", `row ${rows} of the CSV has ${cells.length} cells, its header ${names.length}`);
    }
    cells.forEach((cell, i) => void columns[i]!.push(cell));
    rows++;
  }
  return { rows, columns: new Map(names.map((name, i) => [name, columns[i]!])), text: true };
}

function* csvLines(text: string): Generator<string[]> {
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    const cells: string[] = [];
    for (;;) {
      const cell = text[at] === '"' ? quoted(text, at) : plain(text, at);
      cells.push(cell.value);
      at = cell.end;
      if (text[at] !== ",") break;
      at++;
    }
    if (text[at] === "\r") at++;
    if (at < text.length && text[at] !== "\n") throw fault("invalid_input", "the CSV has text after a closing quote");
    at++;
    yield cells;
  }
}

function plain(text: string, start: number): { value: string; end: number } {
  let end = start;
  while (end < text.length && text[end] !== "," && text[end] !== "\n") end++;
  if (text[end - 1] === "\r" && text[end] !== "," && end > start) end--;
  return { value: text.slice(start, end), end };
}

function quoted(text: string, start: number): { value: string; end: number } {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
  if (end < 0) throw fault("invalid_input", "the CSV has a quote that isn't closed");
  return { value: text.slice(start + 1, end).replaceAll('""', '"'), end: end + 1 };
}
