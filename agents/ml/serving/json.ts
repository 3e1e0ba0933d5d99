import { isUtf8 } from "node:buffer";
import { fault } from "@muster/shared/fault.ts";

/** A JSON object as sent; values are checked where they are used. */
export type JsonObject = { readonly [key: string]: unknown };

const stringOrNaN = /"(?:[^"\\]|\\.)*"|\bNaN\b/g;

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
    const lenient = text.includes("NaN") ? text.replace(stringOrNaN, (part) => (part === "NaN" ? "null" : part)) : text;
    if (lenient === text) throw notJson(error);
    try {
      return JSON.parse(lenient);
    } catch (again) {
      throw notJson(again);
    }
  }
}

/** Without the parser's own words: they quote what was sent. */
const notJson = (cause: unknown) => fault("invalid_input", "the body isn't valid JSON", {}, cause);
