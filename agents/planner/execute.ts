import { call } from "@muster/bus/call.ts";
import type { Reply } from "@muster/bus/message.ts";
import type { Process } from "@muster/bus/process.ts";
import type { Goal, StepView } from "@muster/shared/domain/request.ts";
import { asFault, type Fault, fault as faultOf } from "@muster/shared/fault.ts";
import type { Plan, Step } from "./plan.ts";

/** What executing a plan needs, and whom it tells. */
export type Execution = {
  on: Pick<Process, "nats" | "evidence">;
  request: string;
  deadline: number;
  signal: AbortSignal;
  /** How often a step was begun before: part of its idempotency key, so that an approved step runs again. */
  attempts: Record<string, number>;
  /** Facts after which the plan is looked at again before anything further begins. */
  pauseAfter: ReadonlySet<string>;
  tell: (step: StepView) => Promise<void>;
  now: () => number;
};

/** What it came to: `done` steps; `expanded` where a list became known; the goals that steps asked for; the first failure. */
export type Executed = {
  expanded: boolean;
  next: Goal[];
  failure: { step: string; tool: string; fault: Fault } | null;
};

/** An agent that was there when the plan was made is being started again; on a busy machine that takes its time. */
const restartMs = 30_000;

/** A step as people see it, before it ran. */
export const viewOf = (step: Step): StepView => ({
  id: step.id,
  tool: step.tool,
  because: step.because,
  after: [...step.after],
  wave: step.wave,
  status: "waiting",
  attempt: 0,
  elapsedMs: null,
  input: step.input,
  ...(step.on !== null && { on: step.on }),
  output: null,
  verdict: step.each ? `one for each of ${step.each}, once that is known` : null,
  receipts: [],
  error: null,
  costMs: step.costMs,
  ...(step.each !== null && { each: step.each }),
});

/**
 * Runs a plan: every step whose predecessors succeeded, in parallel, until nothing is ready. A failure lets running
 * steps end and begins no new one; what depended on it is skipped with the reason. Stops early, `expanded`, when a
 * list that steps wait for became known, or a fact came that the plan is looked at again for.
 */
export async function execute(plan: Plan, done: ReadonlyMap<string, StepView>, e: Execution): Promise<Executed> {
  const views = new Map<string, StepView>(plan.steps.map((step) => [step.id, done.get(step.id) ?? viewOf(step)]));
  const given = new Map<string, string[]>();
  const running = new Map<string, Promise<void>>();
  const refused = new Set<string>();
  const next: Goal[] = [];
  let failure: Executed["failure"] = null;
  const pauses = new Set([...e.pauseAfter, ...plan.steps.flatMap((step) => (step.each ? [step.each] : []))]);
  let expanded = false;

  const succeeded = (id: string) => views.get(id)?.status === "succeeded";
  const ready = () =>
    plan.steps.filter(
      (step) =>
        views.get(step.id)!.status === "waiting" &&
        !running.has(step.id) &&
        step.each === null &&
        step.after.every(succeeded),
    );

  /** The gate before that said no: its verdict is the reason, not that its receipt can't be shown. */
  function saidNo(step: Step): Fault | null {
    const gate = step.after.map((id) => views.get(id)!).find((view) => view.output !== null && refused.has(view.id));
    return gate ? faultOf("unfit", `${gate.tool} said no: ${gate.verdict}`, { step: gate.id, tool: gate.tool }) : null;
  }

  async function run(step: Step): Promise<void> {
    const begun = e.now();
    const attempt = (e.attempts[step.id] ?? 0) + 1;
    const running: StepView = { ...viewOf(step), status: "running", attempt };
    views.set(step.id, running);
    await e.tell(running);
    let view: StepView;
    try {
      const receipts = [
        ...new Set([...step.shows, ...step.after.flatMap((id) => given.get(id) ?? views.get(id)?.receipts ?? [])]),
      ];
      const reply = await call(e.on, {
        tool: step.tool,
        input: step.input,
        receipts,
        key: `${e.request}:${step.id}:${attempt}`,
        request: e.request,
        step: step.id,
        effect: step.effect,
        deadline: e.deadline,
        signal: e.signal,
        patienceMs: restartMs,
      });
      view = { ...running, ...settled(reply), status: "succeeded", elapsedMs: Math.round(e.now() - begun) };
      given.set(step.id, view.receipts);
      if (reply.given.some((one) => one.verdict === "failed")) refused.add(step.id);
      next.push(...reply.next);
      if (reply.given.some((one) => pauses.has(one.fact))) expanded = true;
    } catch (error) {
      const fault = saidNo(step) ?? asFault(error);
      failure ??= { step: step.id, tool: step.tool, fault };
      view = {
        ...running,
        status: "failed",
        elapsedMs: Math.round(e.now() - begun),
        error: { code: fault.code, message: fault.message, data: fault.data },
        verdict: fault.message,
      };
    }
    views.set(step.id, view);
    await e.tell(view);
  }

  for (;;) {
    if (!failure && !expanded && !e.signal.aborted)
      for (const step of ready()) {
        const work = run(step).finally(() => running.delete(step.id));
        running.set(step.id, work);
      }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failure) await skipRest(plan, views, failure, e);
  return { expanded, next, failure };
}

function settled(reply: Reply): Pick<StepView, "output" | "verdict" | "receipts"> {
  const output = reply.output as { verdict?: unknown } | null;
  const failed = reply.given.find((one) => one.verdict === "failed");
  const said = typeof output?.verdict === "string" ? output.verdict : null;
  return {
    output: reply.output,
    receipts: reply.given.map((one) => one.id),
    verdict: said ?? (failed ? `${failed.fact}: no` : "done"),
  };
}

async function skipRest(
  plan: Plan,
  views: Map<string, StepView>,
  failure: NonNullable<Executed["failure"]>,
  e: Execution,
): Promise<void> {
  for (const step of plan.steps) {
    const view = views.get(step.id)!;
    if (view.status !== "waiting") continue;
    await e.tell({
      ...view,
      status: "skipped",
      verdict: `not done: ${failure.tool} ${failure.fault.code === "cancelled" ? "was cancelled" : "failed"}`,
    });
  }
}
