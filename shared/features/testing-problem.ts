import { hashOf } from "../canonical.ts";
import type { Problem } from "../domain/problem.ts";

/** A problem for tests: churn of contracts for the third quarter of 2026, with some members replaced. */
export function testProblem(changes: Partial<Problem> = {}): Problem {
  const problem: Omit<Problem, "hash"> = {
    name: "churn",
    dataset: "contracts",
    target: "churn",
    task: "binary",
    entity: "customer",
    time: null,
    cutoffs: { training: ["2025-07-01", "2025-10-01"], holdout: "2026-01-01", scoring: "2026-07-01" },
    horizon: { count: 1, unit: "quarter" },
    label: { kind: "ended", start: "start", end: "end", graceDays: 30 },
    labelDelayDays: 30,
    metric: "roc_auc",
    exclusions: [],
    holdout: { kind: "last_cutoff", cutoff: "2026-01-01" },
    now: "2026-06-30T23:00:00.000Z",
    sentence: "",
    assumptions: [],
    ...changes,
  };
  return { ...problem, hash: hashOf(problem) };
}

/** A problem over a flat table for tests. */
export const flatProblem = (changes: Partial<Problem> = {}): Problem =>
  testProblem({
    dataset: "flat",
    target: "left",
    entity: null,
    cutoffs: { training: [], holdout: null, scoring: null },
    horizon: null,
    label: { kind: "column", column: "left", positive: "yes" },
    labelDelayDays: 0,
    holdout: { kind: "entities", share: 0.2, salt: "s" },
    now: null,
    ...changes,
  });
