import { type NatsConnection, RequestStrategy } from "nats";
import { cardIn } from "./card-wire.ts";
import type { ToolCard } from "./tool.ts";

/** An agent as discovery found it. */
export type FoundAgent = { name: string; id: string; does: string; tools: ToolCard[] };

type Info = {
  name: string;
  id: string;
  description: string;
  endpoints?: { name: string; metadata?: Record<string, string> }[];
};

/** Collects replies to a `$SRV` question until none came for `quietMs`, at most `maxMs`. */
async function gather<T>(nats: NatsConnection, question: string, quietMs: number, maxMs: number): Promise<T[]> {
  const found: T[] = [];
  for await (const answer of await nats.requestMany(question, undefined, {
    strategy: RequestStrategy.JitterTimer,
    maxWait: maxMs,
    jitter: quietMs,
  })) {
    if (answer.headers?.code === 503) continue;
    found.push(answer.json<T>());
  }
  return found;
}

/** The agents that answer now with the cards of their tools; several instances of one agent count once. */
export async function discover(nats: NatsConnection, { quietMs = 120, maxMs = 1500 } = {}): Promise<FoundAgent[]> {
  const found = await gather<Info>(nats, "$SRV.INFO", quietMs, maxMs);
  const agents = new Map<string, FoundAgent>();
  for (const { name, id, description, endpoints = [] } of found) {
    const tools = endpoints.flatMap(({ metadata }) => cardIn(metadata) ?? []);
    // A process without tools answers for its health only.
    if (tools.length > 0) agents.set(name, { name, id, does: description, tools });
  }
  return [...agents.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** The names of the services that answer a ping now. */
export async function ping(nats: NatsConnection, { quietMs = 100, maxMs = 1000 } = {}): Promise<string[]> {
  return [
    ...new Set((await gather<{ name: string }>(nats, "$SRV.PING", quietMs, maxMs)).map(({ name }) => name)),
  ].sort();
}
