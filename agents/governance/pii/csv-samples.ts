import { readFileSync } from "node:fs";
import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import { seededRandom, shuffled } from "@muster/shared/random.ts";
import { type ColumnSample, sampleSize } from "./column-sample.ts";

/** Rows of a CSV text with quotes and commas (RFC 4180). */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let field = "";
  let quoted = false;
  const body = text.replace(/^\uFEFF/, "");
  for (let i = 0; i < body.length; i++) {
    const c = body[i]!;
    if (quoted) {
      if (c !== '"') field += c;
      else if (body[i + 1] === '"') {
        field += c;
        i++;
      } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") {
      rows.at(-1)!.push(field);
      field = "";
    } else if (c === "\n") {
      rows.at(-1)!.push(field);
      field = "";
      rows.push([]);
    } else if (c !== "\r") field += c;
  }
  if (field !== "" || rows.at(-1)!.length > 0) rows.at(-1)!.push(field);
  return rows.filter((row) => row.length > 0 && row.some((cell) => cell !== ""));
}

function typeOf(values: string[]): ColumnType {
  if (values.length === 0) return "text";
  if (values.every((v) => /^(true|false)$/i.test(v))) return "boolean";
  if (values.every((v) => /^-?\d+$/.test(v))) return "integer";
  if (values.every((v) => /^-?\d*\.?\d+(e[+-]?\d+)?$/i.test(v))) return "number";
  return values.every((v) => /^\d{4}-\d\d-\d\d$/.test(v)) ? "date" : "text";
}

/** Column samples of a CSV file as the lake would type them: for tests on whole files. */
export function csvSamples(path: string, seed = 1): ColumnSample[] {
  const [header, ...rows] = parseCsv(readFileSync(path, "utf8"));
  return header!.map((name, i) => {
    const present = rows.map((row) => row[i] ?? "").filter((v) => v !== "" && v !== "NA" && v !== "?");
    const distinct = [...new Set(present)];
    const order = shuffled(distinct.length, seededRandom(seed));
    const values = [...order.slice(0, sampleSize)].map((at) => distinct[at]!);
    return { name, type: typeOf(distinct), present: present.length, distinct: distinct.length, values };
  });
}
