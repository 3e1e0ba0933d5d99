import type { RequestView, StepView } from "@muster/shared/domain/request.ts";
import type { gateway } from "./swarm.ts";

const resting = new Set(["succeeded", "failed", "cancelled", "awaiting_approval", "awaiting_answer"]);
const marks: Record<StepView["status"], string> = {
  waiting: "·",
  running: "▸",
  succeeded: "✓",
  failed: "✗",
  skipped: "–",
};

/** Follows a request until it ends or waits for a person, telling each step as it begins and ends; gives the request. */
export async function follow(to: ReturnType<typeof gateway>, id: string, quiet: boolean): Promise<RequestView> {
  const show = quiet ? () => undefined : progress();
  for (;;) {
    const view = await to.get<RequestView>(`/v1/requests/${id}`);
    show(view);
    if (resting.has(view.status)) return view;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Tells on stderr what changed: on a terminal the step at work stays in the last line, without one every change is a plain line. */
function progress(): (view: RequestView) => void {
  const shown = new Map<string, string>();
  const live = process.stderr.isTTY === true;
  let wave = 0;
  return (view) => {
    for (const step of view.plan) {
      const key = `${step.status}${step.attempt}`;
      if (step.status === "waiting" || (step.status === "running" && live) || shown.get(step.id) === key) continue;
      shown.set(step.id, key);
      if (live) process.stderr.write("\r\x1b[K");
      if (step.wave !== wave) wave = step.wave;
      process.stderr.write(`${stepLine(step)}\n`);
    }
    if (!live) return;
    const running = view.plan.filter((step) => step.status === "running").map((step) => step.tool);
    process.stderr.write(
      `\r\x1b[K${running.length > 0 ? `  ▸ ${running.join(", ")}`.slice(0, (process.stderr.columns ?? 100) - 1) : ""}`,
    );
  };
}

/** A step in a line: wave, mark, tool, time, verdict. */
export function stepLine(step: StepView): string {
  const took =
    step.elapsedMs === null
      ? ""
      : step.elapsedMs < 1000
        ? `${step.elapsedMs} ms`
        : `${(step.elapsedMs / 1000).toFixed(1)} s`;
  return `${String(step.wave).padStart(3)} ${marks[step.status]} ${step.tool.padEnd(32)} ${took.padStart(8)}  ${step.error?.message ?? step.verdict ?? ""}`.trimEnd();
}
