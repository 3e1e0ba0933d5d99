import type { Keys } from "./keys.ts";
import { natsGrants, type ProcessSpec, supervisorGrants, supervisorName } from "./processes.ts";
import type { NatsUser } from "./servers/nats.ts";

/** The NATS users of a swarm: each process with its own allow-list, and the supervisor. */
export function natsUsers(processes: readonly ProcessSpec[], { ring }: Pick<Keys, "ring">): NatsUser[] {
  const users = processes.map((process) => ({
    name: process.name,
    publicKey: ring[process.name]!,
    ...natsGrants(process),
  }));
  return [...users, { name: supervisorName, publicKey: ring[supervisorName]!, ...supervisorGrants }];
}
