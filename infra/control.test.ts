import { statSync } from "node:fs";
import { join } from "node:path";
import { fault } from "@muster/shared/fault.ts";
import { expect, it } from "vitest";
import { askSupervisor, type ControlCommand, controlPath, serveControl } from "./control.ts";
import { testHome } from "./testing.ts";

it("carries a command to the supervisor and its fault back, to our own user only", async () => {
  const { home, remove } = testHome();
  const heard: ControlCommand[] = [];
  const close = await serveControl(home, async (command) => {
    heard.push(command);
    if (command.do === "start_process") throw fault("not_found", "no process x");
  });
  expect(statSync(controlPath(home)).mode & 0o777).toBe(0o600);
  await askSupervisor(home, { do: "stop_process", process: "quality" });
  await expect(askSupervisor(home, { do: "start_process", process: "x" })).rejects.toMatchObject({ code: "not_found" });
  await expect(askSupervisor(home, { do: "dance" } as never)).rejects.toMatchObject({ code: "invalid_input" });
  expect(heard.map((command) => command.do)).toEqual(["stop_process", "start_process"]);
  await close();
  await expect(askSupervisor(home, { do: "stop" })).rejects.toMatchObject({ code: "unavailable" });
  remove();
});

it("works where the path of the home is longer than a socket's may be", async () => {
  const { home, remove } = testHome();
  const deep = join(home, "a".repeat(100));
  const close = await serveControl(deep, async () => {});
  await askSupervisor(deep, { do: "stop" });
  await close();
  remove();
});
