import type { Process } from "@muster/bus/process.ts";
import { findProcesses, natsGrants } from "@muster/infra/processes.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";

const specs = findProcesses();
const agents = specs.filter(({ kind }) => kind === "agent").map(({ name }) => name);
const doors = specs.filter(({ kind }) => kind === "door").map(({ name }) => name);
const callers = [...doors, "planner"];

/** Every kind of subject there is in a swarm, and some that there aren't. */
const universe = [
  ...agents.map((agent) => `muster.${agent}.some_tool`),
  ...agents.map((agent) => `muster.event.${agent}.something_happened`),
  ...doors.map((door) => `muster.event.${door}.something_happened`),
  ...specs.map(({ name }) => `_INBOX_${name}.abc.1`),
  ...["PING", "INFO", "STATS"].map((verb) => `$SRV.${verb}`),
  ...agents.map((agent) => `$SRV.INFO.${agent}`),
  ...["muster.control.cancel", "_INBOX.abc", "elsewhere.x", "muster", "$SYS.REQ.SERVER.PING", "$JS.API.INFO"],
];

/** Whether a NATS subject falls under a pattern with `*` and `>`. */
function matches(pattern: string, subject: string): boolean {
  const [p, s] = [pattern.split("."), subject.split(".")];
  for (const [i, token] of p.entries()) {
    if (token === ">") return s.length > i;
    if (s[i] === undefined || (token !== "*" && token !== s[i])) return false;
  }
  return p.length === s.length;
}

describe("each process tries each subject", () => {
  let bench: Bench;
  const processes = new Map<string, Process>();
  beforeAll(async () => {
    bench = await startBench();
    for (const { name } of specs) processes.set(name, await bench.process(name));
  });
  afterAll(() => bench?.stop());

  /** What the server let through: everything is tried, and it says what it refuses before it answers the flush. */
  async function allowed(name: string, operation: "publish" | "subscription"): Promise<string[]> {
    const { nats } = processes.get(name)!;
    const refused = new Set<string>();
    const status = nats.status();
    const heard = (async () => {
      for await (const event of status) {
        const context = event.permissionContext;
        if (context?.operation === operation) refused.add(context.subject);
      }
    })();
    const subscriptions = universe.map((subject) => {
      if (operation === "publish") return nats.publish(subject, "{}");
      return nats.subscribe(subject, { callback: () => undefined });
    });
    await nats.flush();
    await nats.flush();
    for (const subscription of subscriptions) subscription?.unsubscribe();
    (status as unknown as { stop: () => void }).stop();
    await heard;
    return universe.filter((subject) => !refused.has(subject)).sort();
  }

  for (const spec of specs)
    test(`${spec.name} reaches exactly what it is granted`, async () => {
      const { publish, subscribe } = natsGrants(spec);
      const granted = (patterns: string[]) =>
        universe.filter((subject) => patterns.some((pattern) => matches(pattern, subject))).sort();
      expect(await allowed(spec.name, "publish")).toEqual(granted(publish));
      expect(await allowed(spec.name, "subscription")).toEqual(granted(subscribe));
    });

  test("only the planner and the doors call tools, and nobody hears another's calls or answers", () => {
    for (const spec of specs) {
      const { publish, subscribe } = natsGrants(spec);
      const may = (patterns: string[], subject: string) => patterns.some((pattern) => matches(pattern, subject));
      for (const agent of agents) {
        expect(may(publish, `muster.${agent}.some_tool`), `${spec.name} calls ${agent}`).toBe(
          callers.includes(spec.name),
        );
        expect(may(subscribe, `muster.${agent}.some_tool`), `${spec.name} hears ${agent}`).toBe(spec.name === agent);
        const tells = spec.of === agent;
        expect(may(publish, `muster.event.${agent}.x_happened`), `${spec.name} tells for ${agent}`).toBe(tells);
      }
      for (const other of specs) expect(may(subscribe, `_INBOX_${other.name}.abc.1`)).toBe(other.name === spec.name);
      expect(may([...publish, ...subscribe], "elsewhere.x")).toBe(false);
    }
  });
});
