import type { Tool } from "@muster/bus/tool.ts";
import { findProcesses } from "@muster/infra/processes.ts";
import { doors, type FactName, facts, factType } from "@muster/shared/fact/table.ts";
import { describe, expect, test } from "vitest";
import { agentOf } from "../support/stage.ts";

const processes = findProcesses();
const agents = await Promise.all(processes.filter(({ kind }) => kind === "agent").map(agentOf));
const tools = agents.flatMap((agent) => agent.tools.map((tool) => ({ agent: agent.name, tool })));
const giversOf = (fact: string) => tools.filter(({ tool }) => tool.gives.some(({ is }) => is === fact));
const needed = new Set(tools.flatMap(({ tool }) => tool.needs.map(({ is }) => is)));

describe("the table of facts", () => {
  const byAgents = (Object.keys(facts) as FactName[]).filter((fact) => facts[fact].by !== "door");

  test.each(byAgents)("%s has one giver, of the agent that may give it", (fact) => {
    const givers = giversOf(fact).map(({ agent, tool }) => `${agent}.${tool.name}`);
    expect(givers).toHaveLength(1);
    expect(givers[0]!.split(".")[0]).toBe(facts[fact].by);
  });

  test("what doors sign is given by no tool, and the doors are processes", () => {
    const byDoors = (Object.keys(facts) as FactName[]).filter((fact) => facts[fact].by === "door");
    expect(byDoors.flatMap(giversOf)).toEqual([]);
    const found = processes.filter(({ kind }) => kind === "door").map(({ name }) => name);
    expect(doors.filter((door) => !found.includes(door))).toEqual([]);
  });

  test("every fact that is given or needed stands in the table", () => {
    const named = new Set([...needed, ...tools.flatMap(({ tool }) => tool.gives.map(({ is }) => is))]);
    expect([...named].filter((fact) => !factType(fact))).toEqual([]);
  });
});

describe("the needs of a tool", () => {
  const faultsOf = ({ needs, input, effect, confirmedBy }: Tool): string[] => {
    const keys = Object.keys(input.shape);
    const faults = [];
    for (const { is, as, of, from = of, role, each } of needs) {
      const about = factType(is)!.about;
      if (as && keys.includes(as)) faults.push(`${as} is filled and also the caller's`);
      if (of && !(keys.includes(from!) && about.includes(of))) faults.push(`${is} of ${of}, which it isn't about`);
      if (role && !about.includes("@role")) faults.push(`${is} has no roles`);
      if (each && !facts[each].members) faults.push(`${each} has no members`);
      if (each && !needs.some((need) => need.is === each)) faults.push(`${each} isn't needed itself`);
    }
    const has = (fact: FactName) => needs.some(({ is, optional }) => is === fact && !optional);
    if (effect !== "read" && !has("request.accepted")) faults.push("writes for nobody");
    if (confirmedBy.length > 0 && !has("person.confirmed")) faults.push("wants a confirmation that it doesn't need");
    return faults;
  };

  test.each(tools.map(({ agent, tool }) => [`${agent}.${tool.name}`, tool] as const))("%s", (_, tool) => {
    expect(faultsOf(tool)).toEqual([]);
  });
});
