import type { RequestView } from "@muster/shared/domain/request.ts";
import { say } from "./terminal.ts";

/** Shows what changed in a request since it was shown last: a line a step that began or ended, by wave. */
export function progress(show: (line: string) => void): (request: RequestView) => void {
  const shown = new Map<string, string>();
  return (request) => {
    for (const step of request.plan) {
      const mark = `${step.status} ${step.attempt}`;
      if (step.status === "waiting" || shown.get(step.id) === mark) continue;
      shown.set(step.id, mark);
      const took = step.elapsedMs === null ? "" : `${(step.elapsedMs / 1000).toFixed(1)} s`;
      const tail = [took, step.error?.message ?? step.verdict].filter(Boolean).join("  ");
      show(
        `  wave ${String(step.wave).padStart(2)}  ${step.tool.padEnd(34)} ${step.status.padEnd(9)} ${tail}`.trimEnd(),
      );
    }
  };
}

/** Prints a request that rests: as one JSON document on stdout, or its answer in words there and what is to be done on stderr. */
export function printAnswer(request: RequestView, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(request, null, 2)}\n`);
  else if (request.answer) process.stdout.write(`\n${inWords(request.answer)}\n\n`);
  const { id, status, error, approval, question } = request;
  if (error) say(`${id} ${status}: ${error.message} (${error.code})`);
  if (approval)
    say(`${id} waits for a yes from the role ${approval.role}: ${approval.what}. Go on with: npx muster approve ${id}`);
  if (question)
    say(`${id} asks: ${question.text} Answer with: npx muster answer ${id} "${question.candidates[0] ?? "…"}"`);
}

function inWords(answer: NonNullable<RequestView["answer"]>): string {
  const lines = [answer.text];
  if (answer.deployment) lines.push(`Predictions: ${answer.deployment.url}`);
  if (answer.predictions) lines.push(`Scores: dataset ${answer.predictions.dataset}, ${answer.predictions.rows} rows`);
  return lines.join("\n");
}
