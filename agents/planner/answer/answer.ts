import type { Answer } from "@muster/shared/domain/request.ts";
import type { AnswerInput } from "./facts.ts";
import { fieldsOf } from "./fields.ts";
import { improvementText } from "./improvement-text.ts";
import { modelText } from "./model-text.ts";
import { checkText, driftText, outputText, profileText } from "./other-text.ts";
import { slicesText } from "./slices-text.ts";

export type { AnswerInput, Facts } from "./facts.ts";

/**
 * Composes the answer from the values of facts: the fields, and a text in plain words in which every figure is one of the
 * fields (ratios and losses to three decimals, from ten on to one; seconds to one; money to two, four or six) and every
 * sentence ends with the mark of what it rests on: `[step]`, or the earlier request for what stood already. Pure.
 */
export function composeAnswer(given: AnswerInput): Answer {
  const input = { ...given, intent: shapeOf(given) };
  const fields = fieldsOf(input);
  return { text: textOf(fields, input), ...fields };
}

function textOf(fields: Omit<Answer, "text">, input: AnswerInput): string {
  const { facts, intent } = input;
  if (fields.improvement) return improvementText(fields, input);
  if (intent === "call" || intent === "find") return outputText(fields.output, input);
  if (intent === "check" && facts["quality.passed"]) return checkText(facts["quality.passed"], input);
  if (intent === "profile" && facts["dataset.profiled"]) return profileText(fields.output, input);
  if (intent === "slices" && facts["slices.found"]) return slicesText(facts["slices.found"], input);
  const parts = [modelText(fields, input), fields.drift ? driftText(fields.drift, input) : ""];
  const text = parts.filter((part) => part !== "").join("\n\n");
  return text === "" ? "Done: what was asked for stands in the steps." : text;
}

const shapes: Record<string, AnswerInput["intent"]> = {
  "quality.passed": "check",
  "dataset.profiled": "profile",
  "dataset.classified": "profile",
  "drift.checked": "drift",
  "slices.found": "slices",
  "improvement.proposed": "improve",
  "improvement.compared": "improve",
  "improvement.confirmed": "improve",
};

/** What bare goals ask for (a sweep's, a client's): what the last step was there for. */
function shapeOf({ intent, steps }: AnswerInput): AnswerInput["intent"] {
  if (intent !== "goals") return intent;
  const last = steps.findLast((step) => step.status === "succeeded");
  return shapes[last?.because.split(" ")[0] ?? ""] ?? intent;
}
