import { isUtf8 } from "node:buffer";
import { fault } from "@muster/shared/fault.ts";

/** A JSON object as sent; values are checked where they are used. */
export type JsonObject = { readonly [key: string]: unknown };

/**
 * The object in a request's body. A bare `NaN`, which Python's json writes for a missing number, is read as null.
 * `invalid_input` for anything that isn't one JSON object in UTF-8.
 */
export function parseObject(body: Buffer): JsonObject {
  const value = parseJson(bodyText(body));
  if (!isObject(value)) throw fault("invalid_input", "the body must be one JSON object");
  return value;
}

/** The body as text; `invalid_input` when it isn't UTF-8. */
export function bodyText(body: Buffer): string {
  if (!isUtf8(body)) throw fault("invalid_input", "the body isn't UTF-8");
  return body.toString("utf8");
}

/** Whether a value is a JSON object (no array, no null). */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const lenient = text.includes("NaN") ? withoutNaN(text) : text;
    if (lenient === text) throw notJson(error);
    try {
      return JSON.parse(lenient);
    } catch (again) {
      throw notJson(again);
    }
  }
}

/** The text with every `NaN` outside of strings as null. A scan, because a pattern over strings of megabytes overflows its stack. */
function withoutNaN(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('"', at);
    const close = open < 0 ? text.length : stringEnd(text, open);
    out += text.slice(at, open < 0 ? text.length : open).replaceAll(/\bNaN\b/g, "null");
    if (open >= 0) out += text.slice(open, close);
    at = close;
  }
  return out;
}

/** The index after the string that opens at `open`; the text's end when it isn't closed. */
function stringEnd(text: string, open: number): number {
  for (let quote = text.indexOf('"', open + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** Without the parser's own words: they quote what was sent. */
const notJson = (cause: unknown) => fault("invalid_input", "the body isn't valid JSON", {}, cause);
