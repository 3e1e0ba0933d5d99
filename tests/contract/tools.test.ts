import { agent } from "@muster/bus/agent.ts";
import { toolConforms } from "@muster/bus/testing.ts";
import { type Tool, tool } from "@muster/bus/tool.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Company, findAgents, openCompany } from "../support/stage.ts";

const planted = { effect: "read" as const, does: "A planted fault.", run: async () => ({ n: 1 }) };
const output = z.object({ n: z.number() });
const careless = tool({ ...planted, output, name: "careless", input: z.object({ anything: z.unknown() }) });
const unbound = tool({ ...planted, output, name: "unbound", input: z.object({}), gives: [{ is: "deployment.live" }] });
const faulty = agent({
  name: "planted",
  does: "Bears faults.",
  tools: [careless, unbound],
  open: async () => ({ deps: {} }),
});
const agents = await findAgents();

describe("every tool of every agent", () => {
  let company: Company;
  beforeAll(async () => {
    company = await openCompany([...agents, faulty]);
  });
  afterAll(() => company?.stop());

  for (const one of agents)
    describe(one.name, () => {
      for (const held of one.tools)
        test(held.name, async () => {
          for (const { name, check } of toolConforms(held, company.stages.get(one.name)!))
            await check().catch((error: Error) => {
              error.message = `${held.name} ${name}: ${error.message}`;
              throw error;
            });
        });

      test("tells of itself in less than a message may hold", async () => {
        const answer = await company.processes
          .get("gateway")!
          .nats.request(`$SRV.INFO.${one.name}`, "", { timeout: 5000 });
        expect(answer.data.length).toBeLessThan(256 * 1024);
        expect(answer.json<{ endpoints: unknown[] }>().endpoints).toHaveLength(one.tools.length);
      });
    });

  test("the suite finds a tool that takes anything, and one whose fact is about what nothing says", async () => {
    const stage = company.stages.get("planted")!;
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
