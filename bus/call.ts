import { Fault, type FaultCode, fault, faultCodes, retryable } from "@muster/shared/fault.ts";
import { ErrorCode, type Msg, type NatsConnection, NatsError, headers as natsHeaders } from "nats";
import { onEvent } from "./event.ts";
import type { Evidence } from "./evidence.ts";
import type { Reply } from "./message.ts";
import { replyOf } from "./perform.ts";
import { header, parseToolName, subject } from "./subject.ts";
import type { Effect } from "./tool.ts";
import { childOf, type Trace, traceparent } from "./trace.ts";

/** A call: which tool, with what, showing which receipts, under which key, until when. */
export type Call = {
  tool: string;
  input: Record<string, unknown>;
  receipts?: readonly string[];
  key: string;
  request?: string | null;
  step?: string | null;
  effect?: Effect;
  deadline: number;
  trace?: Trace | null;
  signal?: AbortSignal;
  /** How long a missing agent is waited for; default 8 s, in which a killed process is back. */
  patienceMs?: number;
};

/** A tool that isn't long ends within 55 s; no answer by then is `deadline`. */
const answerMs = 57_000;
/**
 * How long the first delivery is waited for before the call is sent again under its key, doubling each time. A responder
 * killed in mid-request never answers and isn't "no responders": its successor takes the second delivery. Where the first
 * is still at work, the second waits for its result.
 */
const firstAttemptMs = 4_000;

/**
 * Calls a tool and gives what it came to. Retries by code: `unavailable` until patience ends, `deadline` only where the
 * tool reads; always under the same key, so that nothing happens twice. Long work is waited for.
 */
export async function call(on: { nats: NatsConnection; evidence: Evidence }, c: Call): Promise<Reply> {
  const name = parseToolName(c.tool);
  if (!name) throw fault("invalid_input", `${c.tool} is not AGENT.TOOL`);
  const patience = Date.now() + (c.patienceMs ?? 8000);
  const silence = Math.min(c.deadline, Date.now() + answerMs);
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await ask(on.nats, name, c, attempt);
      const later = answer.headers?.get(header.later);
      return later ? await wait(on, name.agent, later, c) : (answer.json() as Reply);
    } catch (error) {
      const known = error instanceof Fault ? error : busFault(error, name.agent);
      if (c.signal?.aborted) throw fault("cancelled", "the request was cancelled");
      if (unanswered(error) && Date.now() < silence) continue;
      if (!retryable(known.code, c.effect ?? "write")) throw known;
      if (Date.now() > (known.code === "unavailable" ? patience : c.deadline) || Date.now() > c.deadline) throw known;
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000, 100 * 2 ** (attempt - 1))));
    }
  }
}

async function ask(
  nats: NatsConnection,
  name: { agent: string; tool: string },
  c: Call,
  attempt: number,
): Promise<Msg> {
  const left = c.deadline - Date.now();
  if (left <= 0) throw fault("deadline", `${c.tool} wasn't called: its time is over`);
  const h = natsHeaders();
  const set = (key: string, value: string | null | undefined) => value && h.set(key, value);
  set(header.request, c.request);
  set(header.step, c.step);
  set(header.attempt, String(attempt));
  set(header.deadline, String(c.deadline));
  set(header.key, c.key);
  set(header.receipts, c.receipts?.join(","));
  set(header.trace, traceparent(childOf(c.trace ?? null)));
  const answer = await nats.request(subject.request(name.agent, name.tool), JSON.stringify(c.input), {
    headers: h,
    timeout: Math.min(left, firstAttemptMs * 2 ** (attempt - 1), answerMs),
  });
  const code = answer.headers?.get("Nats-Service-Error");
  if (code) throw wireFault(answer);
  return answer;
}

const unanswered = (error: unknown): boolean => error instanceof NatsError && error.code === ErrorCode.Timeout;

function wireFault(answer: Msg): Fault {
  const body = answer.json<{ code: string; message: string; data?: Record<string, unknown> }>();
  return body.code in faultCodes
    ? new Fault(body.code as FaultCode, body.message, body.data ?? {})
    : fault("broken_contract", "the answer bears no code of the table");
}

function busFault(error: unknown, agent: string): Fault {
  if (error instanceof NatsError && error.code === ErrorCode.NoResponders)
    return fault("unavailable", `the agent ${agent} doesn't answer; start it with npx muster up ${agent}`, { agent });
  if (error instanceof NatsError && error.code === ErrorCode.Timeout)
    return fault("deadline", `the agent ${agent} didn't answer in time`, { agent });
  return fault("unavailable", "the bus doesn't answer; see npx muster status", {}, error);
}

/** Waits for long work: woken by the event, and looking for itself every second in case that was lost. */
async function wait(
  { nats, evidence }: { nats: NatsConnection; evidence: Evidence },
  agent: string,
  key: string,
  c: Call,
): Promise<Reply> {
  let wake: () => void = () => undefined;
  const stop = onEvent(nats, { agent, name: "concluded" }, ({ payload }) => payload.key === key && wake());
  const abort = () => wake();
  c.signal?.addEventListener("abort", abort);
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 1000).unref();
      });
      const stored = await evidence.store.result(key);
      if (stored) return replyOf(stored.outcome);
      if (c.signal?.aborted) throw fault("cancelled", "the request was cancelled");
      if (Date.now() > c.deadline) throw fault("deadline", `${c.tool} didn't end in time`);
      await woken;
    }
  } finally {
    stop();
    c.signal?.removeEventListener("abort", abort);
  }
}
