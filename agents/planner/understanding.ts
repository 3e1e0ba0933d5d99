import type { Goal, Question } from "@muster/shared/domain/request.ts";

/**
 * What a request was understood to be: goals with the arguments for their tools, or the one question to ask back.
 * Arguments are named as the tools name them (`dataset`, `target`, `event`, `horizon`, `exclusions`, `metric`, `name`,
 * `deployment`, `budgetUsd` …): the plan picks each tool's own by name. `model` names a registered one, on which everything then
 * stands. `call`: a tool to end with, where the intent is one; `on`: what it stands on, where it names a model.
 */
export type Understanding =
  | {
      kind: "goals";
      intent: Intent;
      goals: Goal[];
      arguments: Record<string, unknown>;
      assumptions: string[];
      call?: { tool: string; input: Record<string, unknown>; on?: Record<string, unknown> };
    }
  | { kind: "question"; question: Question };

/** All that a request wants to stand on something: its goals, and the call that it ends with as one more. */
export const goalsAndCall = (goals: readonly Goal[], understood: { call?: { on?: Goal["on"] } } | null): Goal[] => [
  ...goals,
  ...(understood?.call?.on ? [{ is: "", on: understood.call.on }] : []),
];

/** The kinds of request; each expands to its goals by one table. */
export type Intent =
  | "predict"
  | "train"
  | "improve"
  | "check"
  | "profile"
  | "score"
  | "drift"
  | "explain"
  | "slices"
  | "find"
  | "preview"
  | "call"
  | "goals";

/** What an intent stands for. "Train", "check", "score" want it done anew: held facts don't answer them. */
export const goalsOf: Record<Exclude<Intent, "call" | "goals">, (of: Record<string, unknown>) => Goal[]> = {
  predict: (of) => [
    { is: "deployment.live", of },
    { is: "model.explained" },
    { is: "predictions.written" },
    { is: "monitoring.started" },
  ],
  train: () => [{ is: "run.finished", newerThan: "request" }, { is: "model.registered" }, { is: "model.explained" }],
  improve: () => [{ is: "improvement.proposed", of: { round: 1 } }],
  check: (of) => [{ is: "quality.passed", of, newerThan: "request" }],
  profile: (of) => [
    { is: "dataset.profiled", of },
    { is: "dataset.classified", of },
  ],
  score: (of) => [{ is: "predictions.written", of, newerThan: "request" }],
  drift: (of) => [{ is: "drift.checked", of, newerThan: "request" }],
  explain: (of) => [{ is: "model.explained", of }],
  slices: (of) => [{ is: "slices.found", of }],
  find: () => [],
  preview: () => [],
};
