import { createHash } from "node:crypto";

/**
 * Canonical JSON: object keys sorted, no white space, `undefined` members left out.
 * Equal values give equal text, so its hash can be signed and compared (RFC 8785 for the value types we use).
 */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item === undefined ? null : item)).join(",")}]`;
  const entries = Object.entries(value as Record<string, unknown>)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(",")}}`;
}

/** SHA-256 as 64 hex digits, of text or bytes. */
export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** SHA-256 over the canonical JSON of a value. */
export const hashOf = (value: unknown): string => sha256(canonical(value));
