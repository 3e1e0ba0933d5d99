import { expect, test } from "vitest";
import type { StepView } from "./request.ts";
import { StepTaken, stepsTaken } from "./step-taken.ts";

const pin = (name: string, digit: string) => `${name}@${digit.repeat(64)}`;
const step = (more: Partial<StepView>): StepView => ({
  ...{ id: "s1", tool: "quality.profile_dataset", because: "", after: [], wave: 1, status: "succeeded", attempt: 1 },
  ...{ elapsedMs: 120, input: {}, output: null, verdict: null, receipts: [], error: null },
  ...more,
});

test("says what a step was asked about, which versions it saw, and how long it took, and nothing else of it", () => {
  const input = { dataset: "orders", target: "late", note: "a cell's text" };
  const output = { dataset: pin("orders_labels", "1"), rows: 9, verdict: "done", nested: { dataset: pin("x", "2") } };
  const taken = stepsTaken([step({ input, output, costMs: 400 })]);
  expect(taken).toEqual([
    {
      ...{ id: "s1", tool: "quality.profile_dataset", status: "succeeded", hintMs: 400, elapsedMs: 120, each: null },
      ...{ dataset: "orders", target: "late", pins: [pin("orders_labels", "1")] },
    },
  ]);
  expect(StepTaken.array().parse(taken)).toEqual(taken);
  expect(JSON.stringify(taken)).not.toContain("cell");
});

test("a step that stands for one a member says of which list, and a step that wasn't begun took no time", () =>
  expect(stepsTaken([step({ status: "waiting", elapsedMs: null, each: "scope.pinned" })])).toMatchObject([
    { status: "waiting", elapsedMs: null, each: "scope.pinned", dataset: null, pins: [] },
  ]));
