import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { expect, it } from "vitest";
import { checkout, findProcesses } from "./processes.ts";

it("has a service for every process of the swarm, with its own environment, and for nothing else", () => {
  const text = readFileSync(new URL("compose.yaml", import.meta.url), "utf8");
  let service = "";
  const services = text.split("\n").flatMap((line) => {
    service = /^ {2}([\w-]+):/.exec(line)?.[1] ?? service;
    const command = /"--env-file=\/data\/env\/([\w-]+)\.env", "([^"]+)"\]/.exec(line);
    return command ? [`${service} ${command[1]} ${command[2]}`] : [];
  });
  const processes = findProcesses().map(({ name, file }) => `${name} ${name} ${relative(checkout, file)}`);
  expect(services.sort()).toEqual(processes.sort());
});
