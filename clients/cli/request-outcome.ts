import type { RequestView } from "@muster/shared/domain/request.ts";
import type { Outcome } from "./command.ts";

/** What a request came to, for a terminal: its answer, or what is wanted and the command that goes on. Exit 1 unless it succeeded. */
export function requestOutcome(view: RequestView): Outcome {
  return { document: view, words: inWords(view), exit: view.status === "succeeded" ? 0 : 1 };
}

function inWords({ id, status, answer, error, question, approval, assumptions }: RequestView): string {
  if (question)
    return `${question.text}\n${question.candidates.map((one) => `  · ${one}`).join("\n")}\n\nGo on with: npx muster answer ${id} "${question.candidates[0] ?? "…"}"`;
  if (approval)
    return `Waits for a yes of the role ${approval.role}: ${approval.what}\nWhy: ${approval.why}\n\nGo on with: npx muster approve ${id}   (or reject ${id})`;
  if (error) return `${id} ${status}: ${error.message}`;
  if (!answer) return `${id} is ${status}`;
  const notes = assumptions.length > 0 ? `\n\nAssumed:\n${assumptions.map((one) => `  · ${one}`).join("\n")}` : "";
  return `${quietMarks(answer.text)}${notes}`;
}

/** The marks of what a sentence rests on stand back on a terminal; elsewhere the text stays as it is. */
const quietMarks = (text: string): string =>
  process.stdout.isTTY ? text.replaceAll(/ \[[\w-]+\]/g, (mark) => `\x1b[2m${mark}\x1b[0m`) : text;
