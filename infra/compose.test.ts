import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { expect, it } from "vitest";
import { checkout, findProcesses } from "./processes.ts";

it("has a service for every process of the swarm, with its own environment, and for nothing else", () => {
  const text = readFileSync(new URL("compose.yaml", import.meta.url), "utf8");
  const commands = [...text.matchAll(/^ {2}([\w-]+):[^#]*?"--env-file=\/data\/env\/([\w-]+)\.env", "([^"]+)"\]/gm)];
  const services = commands.map(([, service, environment, file]) => `${service} ${environment} ${file}`);
  const processes = findProcesses().map(({ name, file }) => `${name} ${name} ${relative(checkout, file)}`);
  expect(services.sort()).toEqual(processes.sort());
});
