import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { findProcesses, natsGrants, type ProcessSpec } from "./processes.ts";
import { testHome } from "./testing.ts";

it("finds every process by its folder, and neither the command line nor what has no entry file", () => {
  const { home: root, remove } = testHome();
  const files = [
    "agents/ml/index.ts",
    "agents/ml/worker/index.ts",
    "agents/ml/serving/index.ts",
    "agents/ml/onnx/index.ts",
    "agents/new/index.ts",
    "agents/empty/readme.md",
    "agents/node_modules/index.ts",
    "clients/gateway/index.ts",
    "clients/cli/index.ts",
  ];
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  const found = findProcesses(root).map(({ name, kind, of }) => `${name} ${kind} ${of}`);
  remove();
  expect(found).toEqual([
    "ml agent ml",
    "ml-worker worker ml",
    "ml-serving serving ml",
    "new agent new",
    "gateway door gateway",
  ]);
});

const spec = (name: string, kind: ProcessSpec["kind"], of = name) => ({ name, kind, of });

it("grants an agent its own requests, its own events and its own inbox", () => {
  expect(natsGrants(spec("quality", "agent"))).toEqual({
    publish: ["muster.event.quality.>"],
    subscribe: [
      "_INBOX_quality.>",
      "muster.quality.>",
      ...["PING", "INFO", "STATS"].flatMap((verb) => [
        `$SRV.${verb}`,
        `$SRV.${verb}.quality`,
        `$SRV.${verb}.quality.*`,
      ]),
      "muster.control.>",
    ],
  });
});

it("lets only the planner and the doors call tools", () => {
  const all = [
    spec("quality", "agent"),
    spec("planner", "agent"),
    spec("ml-worker", "worker", "ml"),
    spec("ml-serving", "serving", "ml"),
    spec("gateway", "door"),
    spec("sweeps", "door"),
  ];
  const callers = all.filter((each) => natsGrants(each).publish.includes("muster.*.*")).map(({ name }) => name);
  expect(callers).toEqual(["planner", "gateway", "sweeps"]);
});

it("lets a worker speak for its agent's events and hear cancellations", () => {
  expect(natsGrants(spec("ml-worker", "worker", "ml"))).toEqual({
    publish: ["muster.event.ml.>"],
    subscribe: ["_INBOX_ml-worker.>", "muster.control.>"],
  });
});
