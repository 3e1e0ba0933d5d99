import { randomBytes } from "./random-bytes.ts";

/** A W3C trace context: where this work stands in the trace of its request. */
export type Trace = { traceId: string; spanId: string; sampled: boolean };

const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Reads a `traceparent` header; null where it is missing or malformed (a new trace is begun then, as the W3C text says). */
export function parseTraceparent(text: string | null | undefined): Trace | null {
  const match = text ? pattern.exec(text) : null;
  if (!match || /^0+$/.test(match[1]!) || /^0+$/.test(match[2]!)) return null;
  return { traceId: match[1]!, spanId: match[2]!, sampled: (Number.parseInt(match[3]!, 16) & 1) === 1 };
}

/** A child span of a trace, or the first span of a new one. */
export const childOf = (parent: Trace | null, random: (n: number) => Buffer = randomBytes): Trace => ({
  traceId: parent?.traceId ?? random(16).toString("hex"),
  spanId: random(8).toString("hex"),
  sampled: parent?.sampled ?? true,
});

/** Writes the header. */
export const traceparent = (t: Trace): string => `00-${t.traceId}-${t.spanId}-${t.sampled ? "01" : "00"}`;
