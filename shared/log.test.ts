import { expect, it } from "vitest";
import { fault } from "./fault.ts";
import { logFor, logger } from "./log.ts";

function captured() {
  const lines: Record<string, unknown>[] = [];
  return { lines, to: { write: (text: string) => void lines.push(JSON.parse(text)) } };
}

it("writes one JSON object a line with the process and what the line belongs to", () => {
  const { lines, to } = captured();
  logFor(logger("catalog", to), { request: "req_1", step: "s2", trace: "abc" }).info({ tool: "x" }, "step finished");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    level: "info",
    process: "catalog",
    request: "req_1",
    step: "s2",
    trace: "abc",
    tool: "x",
    msg: "step finished",
  });
  expect(String(lines[0]?.time)).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

it("logs an error with its cause and without the row a driver hung onto it", () => {
  const { lines, to } = captured();
  const driver = Object.assign(new Error("duplicate key"), {
    code: "23505",
    detail: "Key (email)=(canary@example.org)",
  });
  logger("catalog", to).error({ err: fault("internal", "could not store", {}, driver) }, "failed");
  expect(lines[0]?.err).toMatchObject({ code: "internal", cause: { code: "23505", message: "duplicate key" } });
  expect(JSON.stringify(lines)).not.toContain("canary");
});
