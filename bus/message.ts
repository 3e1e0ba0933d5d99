import type { Goal } from "@muster/shared/domain/request.ts";
import type { Fault } from "@muster/shared/fault.ts";
import type { Trace } from "./trace.ts";

/** One call of a tool as data: what the headers and the body of a request say, and what a job keeps. */
export type Message = {
  tool: string;
  input: Record<string, unknown>;
  receipts: string[];
  key: string;
  request: string | null;
  step: string | null;
  attempt: number;
  deadline: number;
  trace: Trace;
};

/** A receipt that a call gave, by id; its value stands in the evidence. */
export type Given = { id: string; fact: string; verdict: "passed" | "failed"; about: Record<string, unknown> };

/** What a call came to. `output` above 64 KB is `{artifact: hash}`. */
export type Reply = { output: unknown; given: Given[]; next: Goal[] };

/** What is stored under an idempotency key: the reply, or the fault that won't change by trying again. */
export type Outcome = { ok: true; reply: Reply } | { ok: false; fault: WireFault };

/** A fault as it crosses the wire: no stack, no driver text. */
export type WireFault = { code: Fault["code"]; message: string; data: Record<string, unknown> };

/** The fault without anything that must stay in the process. */
export const toWire = (f: Fault): WireFault => ({ code: f.code, message: f.message, data: f.data });
