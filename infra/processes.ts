import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const checkout = fileURLToPath(new URL("..", import.meta.url));

/** A process of the swarm. `of` is the agent or door it belongs to: `ml` of `ml`, `ml-worker` and `ml-serving`. */
export type ProcessSpec = { name: string; kind: "agent" | "worker" | "serving" | "door"; of: string; file: string };

/** What a process may publish and subscribe on NATS; besides that only replies to what it was asked. */
export type NatsGrants = { publish: string[]; subscribe: string[] };

/** The identity under which the supervisor asks for health. */
export const supervisorName = "supervisor";

const folders = (of: string): string[] =>
  existsSync(of)
    ? readdirSync(of, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
        .map((entry) => entry.name)
        .sort()
    : [];

/**
 * Every process of the swarm, found by its entry file: `agents/<agent>/index.ts`, its `worker/index.ts` and
 * `serving/index.ts`, and `clients/<door>/index.ts`. The command line is no process of the swarm; it comes and goes.
 */
export function findProcesses(root = checkout): ProcessSpec[] {
  const agents = folders(join(root, "agents")).flatMap((of): ProcessSpec[] => [
    { name: of, kind: "agent", of, file: join(root, "agents", of, "index.ts") },
    { name: `${of}-worker`, kind: "worker", of, file: join(root, "agents", of, "worker", "index.ts") },
    { name: `${of}-serving`, kind: "serving", of, file: join(root, "agents", of, "serving", "index.ts") },
  ]);
  const doors = folders(join(root, "clients"))
    .filter((name) => name !== "cli")
    .map((name): ProcessSpec => ({ name, kind: "door", of: name, file: join(root, "clients", name, "index.ts") }));
  return [...agents, ...doors].filter((process) => existsSync(process.file));
}

/** The subjects by which NATS micro services are found and answer for their health. */
const answersDiscovery = (service: string): string[] =>
  ["PING", "INFO", "STATS"].flatMap((verb) => [`$SRV.${verb}`, `$SRV.${verb}.${service}`, `$SRV.${verb}.${service}.*`]);

const inbox = (name: string): string => `_INBOX_${name}.>`;
const callsTools = { publish: ["muster.*.*", "$SRV.>"], subscribe: ["muster.event.>"] };

/** The allow-list of a process, by what kind of process it is. Only the planner and the doors may call tools. */
export function natsGrants({ name, kind, of }: Pick<ProcessSpec, "name" | "kind" | "of">): NatsGrants {
  const own = { publish: [`muster.event.${of}.>`], subscribe: [inbox(name)] };
  switch (kind) {
    case "agent": {
      const more = of === "planner" ? callsTools : { publish: [], subscribe: [] };
      return {
        publish: [...own.publish, ...more.publish],
        subscribe: [...own.subscribe, `muster.${of}.>`, ...answersDiscovery(of), "muster.control.>", ...more.subscribe],
      };
    }
    case "worker":
      return { publish: own.publish, subscribe: [...own.subscribe, "muster.control.>"] };
    case "serving":
      return { publish: own.publish, subscribe: [...own.subscribe, `muster.event.${of}.>`, ...answersDiscovery(name)] };
    case "door":
      return { publish: callsTools.publish, subscribe: [...own.subscribe, ...callsTools.subscribe] };
  }
}

/** The supervisor's own allow-list: it asks for health and does nothing else. */
export const supervisorGrants: NatsGrants = { publish: ["$SRV.>"], subscribe: [inbox(supervisorName)] };
