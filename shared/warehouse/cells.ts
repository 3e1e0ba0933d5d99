/** Cells that stand for a missing value in CSV and JSON lines, besides blanks. `none` and `-` are values. */
export const missingMarks = [
  "?",
  "NA",
  "N/A",
  "n/a",
  "#N/A",
  "NULL",
  "Null",
  "null",
  "NaN",
  "nan",
  "-nan",
  "\\N",
] as const;

/** What a whole cell looks like that is missing; RE2 and JavaScript read it alike. */
export const missingPattern = `[ \\t\\r\\n]*(${missingMarks.map((mark) => mark.replace(/[?\\]/g, "\\$&")).join("|")})?[ \\t\\r\\n]*`;

/** A number as people and programs write it; RE2 and JavaScript read it alike. */
export const numberPattern = "[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?";

/** What one cell looks like on its own. */
export type CellKind = "missing" | "number" | "boolean" | "date" | "text";

const marks = new Set<string>(missingMarks);
const number = new RegExp(
  `^(${numberPattern}|[+-]?inf(inity)?|[+-]?\\d+,\\d+|[+-]?\\d{1,3}([.,]\\d{3})+([.,]\\d+)?)$`,
  "i",
);
const date = /^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ]\d{1,2}:\d{2}.*)?$/;

/** The kind of a cell; what decides whether a first row is a header. */
export function cellKind(cell: string): CellKind {
  const text = cell.trim();
  if (text === "" || marks.has(text)) return "missing";
  if (number.test(text)) return "number";
  if (/^(true|false)$/i.test(text)) return "boolean";
  return date.test(text) ? "date" : "text";
}
