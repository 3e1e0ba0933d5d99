import { closeSync, openSync, writeSync } from "node:fs";

const BUFFERED = 1 << 20;

/** A CSV file being written: lines go through a 1 MB buffer; `rows` counts them without the header. */
export type CsvFile = { write(line: string): void; close(): void; readonly rows: number };

/** Opens a new CSV file and writes its header; with `header` null it appends to an existing one. */
export function csvFile(path: string, header: string | null): CsvFile {
  const file = openSync(path, header === null ? "a" : "w");
  let buffer = header === null ? "" : `${header}\n`;
  let rows = 0;
  return {
    write(line) {
      rows++;
      buffer += `${line}\n`;
      if (buffer.length >= BUFFERED) {
        writeSync(file, buffer);
        buffer = "";
      }
    },
    close() {
      writeSync(file, buffer);
      closeSync(file);
    },
    get rows() {
      return rows;
    },
  };
}

/** A text cell, quoted where it holds a comma, a quote or a line break. */
export const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
