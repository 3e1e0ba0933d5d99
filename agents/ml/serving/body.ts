import { fault } from "@muster/shared/fault.ts";

/** The media type of a Content-Type header, lower-case and without parameters; "" without one. */
export const mediaType = (header: string | undefined): string => (header ?? "").split(";", 1)[0]!.trim().toLowerCase();

/** The bytes of a request's body; `invalid_input` when there is none. */
export function bodyBytes(body: unknown): Buffer {
  if (!Buffer.isBuffer(body) || body.length === 0) throw fault("invalid_input", "the request has no body");
  return body;
}
