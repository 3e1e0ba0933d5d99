import { call } from "@muster/bus/call.ts";
import { onEvent } from "@muster/bus/event.ts";
import type { Ask, RequestView } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Gate, Terms, Visitor } from "./gate.ts";

/** Roles that may ask for something to be done; a viewer only looks. */
const askers = ["analyst", "engineer", "approver", "admin"] as const;

/** Refuses whoever may look but not ask. */
export function checkAsker(visitor: Visitor): void {
  if (!askers.some((role) => visitor.roles.includes(role)))
    throw fault("denied", "a viewer can look but not ask; an administrator gives roles");
}

/** Hands a person's request to the planner: accepted and signed here. Gives its id at once. */
export async function begin(
  gate: Gate,
  visitor: Visitor,
  ask: Ask,
  terms: Terms,
  confirmedTool?: { tool: string; input: Record<string, unknown> },
): Promise<string> {
  checkAsker(visitor);
  const { request, receipt } = await gate.accept(visitor, ask.text, terms);
  if (confirmedTool) await gate.confirm(visitor, request, confirmedTool.tool, confirmedTool.input);
  await call(gate.process, {
    tool: "planner.ask",
    input: ask as Record<string, unknown>,
    receipts: [receipt],
    request,
    key: `${request}:ask`,
    deadline: Date.now() + 30_000,
  });
  return request;
}

/** A request as it stands. */
export const show = (gate: Gate, id: string): Promise<RequestView> =>
  gate.read<RequestView>("planner.show_request", { id });

const resting = ["succeeded", "failed", "cancelled", "awaiting_approval", "awaiting_answer"];

/** Waits until a request has ended or waits for a person. */
export async function settle(gate: Gate, id: string, signal: AbortSignal): Promise<RequestView> {
  let wake: () => void = () => undefined;
  const stop = onEvent(
    gate.process.nats,
    { agent: "planner", name: "request_changed" },
    ({ payload }) => payload.request === id && wake(),
  );
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 2000).unref();
      });
      const view = await show(gate, id);
      if (resting.includes(view.status)) return view;
      if (signal.aborted) throw fault("cancelled", "the caller went away; the request goes on");
      await woken;
    }
  } finally {
    stop();
  }
}
