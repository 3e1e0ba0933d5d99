import type { Feature } from "@muster/shared/domain/feature.ts";
import { columns } from "@muster/shared/features/testing.ts";
import { flatProblem, testProblem } from "@muster/shared/features/testing-problem.ts";
import { describe, expect, it } from "vitest";
import { type PackageParts, packageOf } from "./package.ts";

const hash = "a".repeat(64);
const plan: Feature = { kind: "column", name: "plan", column: "plan", type: "text" };
const age: Feature = { kind: "age_days", name: "age", column: "start", at: null };
const tickets: Feature = {
  ...{ kind: "window", name: "tickets_30d", table: "tickets", key: "customer", localKey: "customer", time: "at" },
  ...{ arrived: null, aggregate: "count", column: null, days: 30, where: null },
};

function parts(problem: PackageParts["problem"], features: Feature[], more: Partial<PackageParts> = {}): PackageParts {
  const inputs = features.map(({ name }) => ({
    name,
    type: name === "plan" ? ("category" as const) : ("number" as const),
  }));
  return {
    problem,
    registered: { name: "churn", version: 2, hash },
    run: {
      ...{ run: "run_1", model: hash, algorithm: "linear", task: problem.task, classes: ["0", "1"], threshold: 0.3 },
      ...{
        cv: {},
        baseline: {},
        beatsConstant: true,
        constant: [],
        board: [],
        dropped: [],
        features: [],
        classCounts: [],
      },
      ...{ training: `t@${hash}`, rows: 1, columns: 1, folds: 2, validation: "", rounds: 1, seed: 1, threads: 1 },
      ...{ engine: "", cpuSeconds: 0, seconds: 0, peakMemoryMb: 0 },
      artifacts: { onnx: hash, fitted: hash, oof: hash, boosters: [] },
    },
    view: {
      view: { hash, name: "churn", problem: problem.hash, dataset: problem.dataset, entity: problem.entity, features },
      ...{ sql: "", sqlHash: "", columns: inputs },
      rawColumns: [{ name: "plan", type: "text" }],
    },
    scoring: { role: "scoring", dataset: `s@${hash}`, rows: 1, columns: inputs, asOf: "2026-07-01T00:00:00.000Z" },
    fitted: { inputs },
    scope: [`${problem.dataset}@${hash}`],
    source: {
      columns: columns("customer:integer", "plan:text", "start:date", "at:timestamp", "left:boolean", "end:date"),
    },
    ...more,
  };
}

describe("what a deployment serves", () => {
  it("looks up what needs other rows by the entity's key, at the looked-up features' time", () => {
    const { lookup, cutoff, input, output } = packageOf(parts(testProblem(), [plan, tickets]));
    expect(lookup).toEqual(["tickets_30d"]);
    expect(cutoff).toEqual({ kind: "features" });
    expect(input).toEqual({ entity: { name: "customer", type: "integer" }, columns: [{ name: "plan", type: "text" }] });
    expect(output).toEqual({ task: "binary", classes: ["0", "1"], target: "integer", threshold: 0.3, interval: null });
  });

  it("looks nothing up for a feature that the model doesn't read", () => {
    const made = parts(testProblem(), [plan, tickets]);
    const { lookup, cutoff } = packageOf({ ...made, fitted: { inputs: made.fitted.inputs.slice(0, 1) } });
    expect([lookup, cutoff]).toEqual([null, { kind: "fixed", at: "2026-07-01T00:00:00.000Z" }]);
  });

  it("has neither key nor cutoff for a flat table without them, and answers in the target's type", () => {
    const { input, cutoff, lookup, output } = packageOf(parts(flatProblem(), [plan]));
    expect([input.entity, cutoff, lookup, output.target]).toEqual([null, { kind: "none" }, null, "boolean"]);
  });

  it("takes ages in a table of events at the row's own time, which callers then send", () => {
    const { cutoff, input } = packageOf(parts(flatProblem({ time: "at" }), [plan, age]));
    expect(cutoff).toEqual({ kind: "column", column: "at" });
    expect(input.columns).toContainEqual({ name: "at", type: "timestamp" });
  });
});
