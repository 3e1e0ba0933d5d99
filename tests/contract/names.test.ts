import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Agent } from "@muster/bus/agent.ts";
import { findProcesses } from "@muster/infra/processes.ts";
import { describe, expect, test } from "vitest";
import { agentOf } from "../support/stage.ts";

const specs = findProcesses().filter(({ kind }) => kind === "agent");
const found = await Promise.all(
  specs.map(async (spec) => ({ agent: await agentOf(spec), folder: dirname(spec.file) })),
);
const kebab = (name: string) => name.replaceAll("_", "-");
const camel = (name: string) => name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

test("every folder of agents is an agent", () => {
  const folders = readdirSync(dirname(found[0]!.folder), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(found.map(({ agent }) => agent.name)).toEqual(folders.map(({ name }) => name).sort());
});

describe.each(found.map(({ agent, folder }) => [agent.name, agent, folder] as const))("%s", (_, agent, folder) => {
  test.each(agent.tools.map(({ name }) => name))("%s has one spelling in file, export and name", async (name) => {
    const file = join(folder, "tools", `${kebab(name)}.ts`);
    expect(existsSync(file)).toBe(true);
    const exported = (await import(file)) as Record<string, unknown>;
    expect(exported[camel(name)]).toBe(agent.tools.find((tool) => tool.name === name));
  });

  test("serves every tool of its folder", async () => {
    expect(await unserved(agent, join(folder, "tools"))).toEqual([]);
  });

  test("says in one sentence what it and its tools do", () => {
    const unclear = [agent, ...agent.tools].filter(({ does }) => !/^[A-Z][^\n]{10,200}\.$/.test(does));
    expect(unclear.map(({ name }) => name)).toEqual([]);
  });
});

/** Tools that a folder exports and the agent doesn't list. */
async function unserved(agent: Agent, folder: string): Promise<string[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const exported = await Promise.all(
    files.map(async (file) => Object.values((await import(join(folder, file))) as Record<string, unknown>)),
  );
  return exported
    .flat()
    .filter((value): value is { name: string } => typeof value === "object" && value !== null && "gives" in value)
    .filter((tool) => !agent.tools.some((one) => Object.is(one, tool)))
    .map(({ name }) => name);
}
