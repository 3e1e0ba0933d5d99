import type { StepView } from "@muster/shared/domain/request.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";
import type { Intent } from "../understanding.ts";

/** The values of facts by name, as far as they are there. */
export type Facts = Partial<{ [F in FactName]: FactValue<F> }>;

/**
 * All that an answer is made of. `seconds`: from the request's start to its end. `standing`: nothing was trained for this
 * request. `output`: of the single tool that was asked for. `requests`: for facts that an earlier request gave, which one.
 */
export type AnswerInput = {
  intent: Intent;
  facts: Facts;
  steps: readonly StepView[];
  seconds: number;
  standing: boolean;
  output?: unknown;
  /** What the run cost by the price table; without it the run is priced at the estimate's own rate. */
  actualUsd?: number;
  requests?: Partial<Record<FactName, string>>;
};
