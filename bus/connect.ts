import { connect, type NatsConnection, nkeyAuthenticator } from "nats";

/** Where a process's inboxes stand: the only ones it may subscribe. */
export const inboxPrefix = (name: string): string => `_INBOX_${name}`;

/** Connects a process to the bus with its nkey: waits for the server at first, reconnects for ever with jitter. */
export function connectBus({ url, name, seed }: { url: string; name: string; seed: string }): Promise<NatsConnection> {
  return connect({
    servers: url,
    name,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    inboxPrefix: inboxPrefix(name),
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    waitOnFirstConnect: true,
    pingInterval: 5000,
    maxPingOut: 3,
    // A stack kept for every request in flight costs more than the rest of sending it; faults name their tool anyway.
    noAsyncTraces: true,
  });
}
