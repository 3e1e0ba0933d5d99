import type { FactName } from "@muster/shared/fact/table.ts";
import type { AnswerInput } from "./facts.ts";

/** A mark in a text: the step of this request, or the earlier request, that a sentence rests on. */
export const markPattern = /\s*\[((?:s|req_)[\w-]+|standing)\]/g;

/** Gives the mark of a fact: `[step]` of this request, else `[request]` that gave it, else `[standing]`. */
export function citing({ steps, requests }: Pick<AnswerInput, "steps" | "requests">): (fact: FactName) => string {
  return (fact) => {
    const step = steps.findLast(
      (one) => one.status === "succeeded" && (one.because === fact || one.because.startsWith(`${fact} `)),
    );
    return `[${step?.id ?? requests?.[fact] ?? "standing"}]`;
  };
}

/** Gives the mark of a tool's last step that succeeded. */
export function citingTool(steps: AnswerInput["steps"], tool: (name: string) => boolean): string {
  return `[${steps.findLast((one) => one.status === "succeeded" && tool(one.tool))?.id ?? "standing"}]`;
}
