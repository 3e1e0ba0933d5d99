import { expect, it } from "vitest";
import { countsOf } from "./test-counts.ts";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});
const report = (...testResults: unknown[]) => JSON.stringify({ testResults });

it("counts passed, failed and skipped tests", () => {
  const text = report(file("passed", "passed", "pending", "todo", "skipped"), file("failed", "passed", "failed"));
  expect(countsOf(text, 1)).toEqual({ passed: 2, failed: 1, skipped: 3 });
});

it("counts a file that could not be run as a failure", () => {
  expect(countsOf(report(file("failed"), file("passed", "passed")), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

it("counts a run that ended badly though every test passed", () => {
  expect(countsOf(report(file("passed", "passed")), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(countsOf(report(file("passed", "passed")), 0)).toEqual({ passed: 1, failed: 0, skipped: 0 });
});
