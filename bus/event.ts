import type { NatsConnection } from "nats";
import { subject } from "./subject.ts";

/** Tells the swarm what happened, at most once: a hint. What must not be missed stands in the outbox. */
export function emitEvent(
  nats: NatsConnection,
  agent: string,
  pastTense: string,
  payload: Record<string, unknown>,
): void {
  if (!nats.isClosed()) nats.publish(subject.event(agent, pastTense), JSON.stringify(payload));
}

/** Hears events: of one agent or all, by name or all. Gives a function that stops listening. */
export function onEvent(
  nats: NatsConnection,
  { agent = "*", name = ">" }: { agent?: string; name?: string },
  hear: (event: { agent: string; name: string; payload: Record<string, unknown> }) => void,
): () => void {
  const subscription = nats.subscribe(`muster.event.${agent}.${name}`, {
    callback: (error, message) => {
      if (error) return;
      const [, , from = "", what = ""] = message.subject.split(".");
      hear({ agent: from, name: what, payload: message.json() });
    },
  });
  return () => subscription.unsubscribe();
}
