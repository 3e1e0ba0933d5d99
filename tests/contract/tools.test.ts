import { agent } from "@muster/bus/agent.ts";
import type { Process } from "@muster/bus/process.ts";
import { toolConforms } from "@muster/bus/testing.ts";
import { type Tool, tool } from "@muster/bus/tool.ts";
import { findProcesses, type ProcessSpec } from "@muster/infra/processes.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Bench, startBench } from "../support/process.ts";
import { agentOf, smallDataset, stageOf } from "./stage.ts";

const specs = findProcesses().filter(({ kind }) => kind === "agent");
const agents = await Promise.all(specs.map(agentOf));
const givers = new Set(Object.values(facts).map(({ by }) => (by === "door" ? "gateway" : by)));

describe("every tool of every agent", () => {
  let bench: Bench;
  let pin: string;
  const processes = new Map<string, Process>();
  const stages = new Map<string, Awaited<ReturnType<typeof stageOf>>>();

  beforeAll(async () => {
    const names = new Set(["planted", ...givers, ...agents.map(({ name }) => name)]);
    bench = await startBench(
      [...names].map(
        (name): ProcessSpec => ({ name, kind: name === "gateway" ? "door" : "agent", of: name, file: "" }),
      ),
    );
    for (const name of names) processes.set(name, await bench.process(name));
    pin = await smallDataset(processes.get("gateway")!);
    for (const one of agents) stages.set(one.name, await stageOf(bench, one, { processes, pin }));
  });
  afterAll(async () => {
    for (const stage of stages.values()) await stage.stop();
    await bench?.stop();
  });

  for (const one of agents)
    describe(one.name, () => {
      for (const held of one.tools)
        test(held.name, async () => {
          for (const { name, check } of toolConforms(held, stages.get(one.name)!))
            await check().catch((error: Error) => {
              error.message = `${held.name} ${name}: ${error.message}`;
              throw error;
            });
        });

      test("tells of itself in less than a message may hold", async () => {
        const answer = await processes.get("gateway")!.nats.request(`$SRV.INFO.${one.name}`, "", { timeout: 5000 });
        expect(answer.data.length).toBeLessThan(256 * 1024);
        expect(answer.json<{ endpoints: unknown[] }>().endpoints).toHaveLength(one.tools.length);
      });
    });

  test("the suite finds a tool that takes anything, and one whose fact is about what nothing says", async () => {
    const planted = { effect: "read" as const, does: "A planted fault.", run: async () => ({ n: 1 }) };
    const output = z.object({ n: z.number() });
    const careless = tool({ ...planted, output, name: "careless", input: z.object({ anything: z.unknown() }) });
    const unbound = tool({
      ...planted,
      output,
      name: "unbound",
      input: z.object({}),
      gives: [{ is: "deployment.live" }],
    });
    const tools = [careless, unbound];
    const open = async () => ({ deps: {} });
    const stage = await stageOf(bench, agent({ name: "planted", does: "Bears faults.", tools, open }), {
      processes,
      pin,
    });
    stages.set("planted", stage);
    const failures = async (one: Tool) => {
      const found: string[] = [];
      for (const { name, check } of toolConforms(one, stage)) await check().catch(() => found.push(name));
      return found;
    };
    expect(await failures(careless)).toEqual(["refuses bad input with the path of the fault"]);
    expect(await failures(unbound)).toEqual([
      "gives its facts, and answers the same under redelivery, having run once",
      "survives a throw, and tells neither stack nor driver text",
    ]);
  });
});
