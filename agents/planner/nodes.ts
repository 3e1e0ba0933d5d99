import { call } from "@muster/bus/call.ts";
import { discover } from "@muster/bus/discover.ts";
import type { Process } from "@muster/bus/process.ts";
import type { ToolCard } from "@muster/bus/tool.ts";
import { canonical } from "@muster/shared/canonical.ts";
import type { Answer, Goal, RequestView, StepView } from "@muster/shared/domain/request.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { asFault, Fault, fault } from "@muster/shared/fault.ts";
import { catalogView } from "./catalog-view.ts";
import { execute, viewOf } from "./execute.ts";
import { gatherAnswer } from "./gather-answer.ts";
import type { Nodes, State } from "./graph.ts";
import { gather } from "./held.ts";
import { standingOnNamed } from "./named-model.ts";
import { type Plan, plan, stepKey } from "./plan.ts";
import type { PlannerStore, RequestRow } from "./store.ts";
import type { Understand } from "./understand/understand.ts";
import { goalsAndCall, type Understanding } from "./understanding.ts";

/** What the nodes work with. `save` keeps a request and tells who watches. */
export type Desk = {
  process: Process;
  store: PlannerStore;
  understand: Understand;
  /** Puts an answer into better words where a language model is set. */
  word: ((answer: Answer) => Promise<Answer>) | null;
  /** The planner's own tools that plans may use. */
  own: readonly string[];
  signal: (request: string) => AbortSignal;
  save: (view: RequestView, event: string, data: unknown) => Promise<void>;
};

/** Expansions of a plan (`each`, `next`) and repairs of it are bounded. */
const maxRounds = 40;

/** How long an agent that doesn't answer is waited for before a plan without it is given up. */
const agentPatienceMs = 6_000;
/** A sum that nobody is asked about twice. */
const smallSumUsd = 0.01;
/** A rough price of a plan: the hints of its steps, as seconds of one core at the default price. */
const roughUsd = (made: Plan): number => (made.steps.reduce((ms, step) => ms + step.costMs, 0) / 3_600_000) * 0.04;

/** The nodes of the graph over a desk. */
export function nodesOf(desk: Desk): Nodes {
  const { process, store } = desk;
  const cards = cardCache(process, desk.own);
  const row = async (request: string): Promise<RequestRow> => {
    const found = await store.get(request);
    if (!found) throw fault("not_found", `no request ${request}`);
    return found;
  };

  const understand = async (state: State): Promise<Partial<State>> => {
    const { ask, view } = await row(state.request);
    if (ask.call || ask.goals) {
      const understanding = await onNamed(state, {
        kind: "goals",
        intent: ask.call ? "call" : "goals",
        goals: ask.goals ?? [],
        arguments: { ...ask.call?.input, ...ask.arguments },
        assumptions: [],
        ...(ask.call && { call: ask.call }),
      });
      const { goals } = understanding;
      await desk.save({ ...view, goals, status: "planning" }, "status", { status: "planning", goals });
      return { understanding, goals, to: "plan" };
    }
    const understood = await desk.understand(ask.text, state.answers, await catalogView(process, state.request));
    if (understood.kind === "question") {
      const waiting: RequestView = { ...view, status: "awaiting_answer", question: understood.question };
      await desk.save(waiting, "question", understood.question);
      return { understanding: understood, to: "ask" };
    }
    const understanding = await onNamed(state, understood);
    const args = { ...understanding.arguments, ...(ask.name && { name: ask.name }) };
    const assumptions = [...view.assumptions, ...understanding.assumptions];
    await desk.save({ ...view, goals: understanding.goals, assumptions, status: "planning" }, "status", {
      status: "planning",
      goals: understanding.goals,
      assumptions,
    });
    return { understanding: { ...understanding, arguments: args }, goals: understanding.goals, to: "plan" };
  };

  const onNamed = async ({ request }: State, understood: Extract<Understanding, { kind: "goals" }>) =>
    understood.arguments.model === undefined
      ? understood
      : standingOnNamed(understood, await cards(), { process, request });

  async function makePlan(state: State): Promise<Plan> {
    const understanding = state.understanding;
    if (understanding?.kind !== "goals") throw fault("internal", "a plan was wanted before the request was understood");
    const wanted = goalsAndCall(state.goals, understanding);
    const gathered = await gather(process.evidence, state.request, wanted, understanding.arguments);
    const known = new Map(
      (await row(state.request)).view.plan.map((step) => [stepKey(step.tool, step.input, step.on), step.id]),
    );
    const input = {
      request: state.request,
      goals: state.goals,
      arguments: understanding.arguments,
      held: gathered.held,
      call: understanding.call ?? null,
      known,
    };
    const until = Date.now() + agentPatienceMs;
    for (let fresh = false; ; fresh = true) {
      try {
        return plan({ ...input, cards: await cards(fresh) });
      } catch (error) {
        // An agent that is being started again is back in a moment; one that was stopped isn't.
        if (!(error instanceof Fault) || error.code !== "unavailable" || Date.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  }

  const planNode = async (state: State): Promise<Partial<State>> => {
    const { view, autonomy, ask } = await row(state.request);
    if (state.rounds >= maxRounds) throw fault("internal", "the plan was expanded too often");
    const made = await makePlan(state);
    const merged = mergePlan(view.plan, made);
    const effects = made.steps.filter((step) => step.effect !== "read");
    if (autonomy === "observe") {
      const answer = { text: `A plan of ${merged.length} steps; nothing was done (autonomy observe).` };
      await desk.save(
        { ...view, plan: merged, status: "succeeded", answer, finishedAt: process.now().toISOString() },
        "answer",
        answer,
      );
      return { to: "end" };
    }
    const asks = autonomy === "propose" && !ask.confirmed;
    const wants = autonomy === "propose" ? effects : effects.filter((step) => step.effect === "irreversible");
    const next: RequestView = { ...view, plan: merged, status: "running" };
    if (wants.length > 0 && !state.approved && !ask.confirmed) {
      const first = wants[0]!;
      return {
        ...(await askApproval(next, {
          step: first.id,
          what: `${wants.length} step(s) that change something: ${[...new Set(wants.map((s) => s.tool))].join(", ")}`,
          why: `autonomy ${autonomy}`,
          role: "asker",
          costUsd: null,
        })),
        askedUsd: Math.max(smallSumUsd, roughUsd(made)),
        rounds: state.rounds + 1,
      };
    }
    const binding = asks ? await bindingEstimate(state.request) : null;
    const train = made.steps.find((step) => step.because.startsWith("run.finished"));
    if (binding && train && binding.usd.mid > state.approvedUsd) {
      const what = `training at about ${binding.usd.mid.toPrecision(2)} USD, at most ${binding.usd.high.toPrecision(2)} USD`;
      const why = "the estimate exceeds what was approved";
      const wanted = { step: train.id, what, why, role: "asker", costUsd: binding.usd.high };
      return { ...(await askApproval(next, wanted)), askedUsd: binding.usd.high, rounds: state.rounds + 1 };
    }
    if (made.steps.length === 0) {
      await desk.save(next, "status", { status: next.status });
      return { to: "answer" };
    }
    await desk.save(next, "status", { status: next.status, plan: merged });
    return { to: "execute", rounds: state.rounds + 1 };
  };

  /** What the training is estimated at in this request; null before that. */
  async function bindingEstimate(request: string): Promise<FactValue<"training.estimated"> | null> {
    const given = await process.evidence.ofRequest(request);
    const receipt = given.findLast((one) => one.fact === "training.estimated");
    return receipt ? await process.evidence.value<"training.estimated">(receipt) : null;
  }

  /** Asks governance to have a person decide; the request waits until the event says how. */
  async function askApproval(
    view: RequestView,
    wanted: { step: string; what: string; why: string; role: string; costUsd: number | null; content?: string },
  ): Promise<Partial<State>> {
    const accepted = (await process.evidence.ofRequest(view.id)).find((receipt) => receipt.fact === "request.accepted");
    const key = `${view.id}:approval:${wanted.step}:${view.plan.find((s) => s.id === wanted.step)?.attempt ?? 0}`;
    const reply = await call(process, {
      tool: "governance.request_approval",
      input: {
        ...{ what: wanted.what, why: wanted.why, role: wanted.role, step: wanted.step },
        ...(wanted.content !== undefined && { content: wanted.content }),
      },
      receipts: accepted ? [accepted.id] : [],
      key,
      request: view.id,
      deadline: Date.now() + 30_000,
    });
    const output = reply.output as { approval: string; expiresAt: string };
    const approval = {
      id: output.approval,
      step: wanted.step,
      what: wanted.what,
      why: wanted.why,
      costUsd: wanted.costUsd,
      role: wanted.role,
      expiresAt: output.expiresAt,
    };
    await desk.save({ ...view, status: "awaiting_approval", approval }, "approval", approval);
    return { approval: output.approval, to: "approve" };
  }

  const executeNode = async (state: State): Promise<Partial<State>> => {
    const made = await makePlan(state);
    const current = await row(state.request);
    const done = new Map(
      mergePlan(current.view.plan, made).map((step) => [
        step.id,
        step.status === "running" || step.status === "failed" || step.status === "skipped"
          ? { ...step, status: "waiting" as const }
          : step,
      ]),
    );
    let view: RequestView = { ...current.view, plan: [...done.values()], status: "running", approval: null };
    const attempts: Record<string, number> = {};
    for (const [id, count] of Object.entries(state.attempts)) attempts[id] = count;
    const ran = await execute(made, done, {
      on: process,
      request: state.request,
      deadline: Date.parse(current.deadline),
      signal: desk.signal(state.request),
      attempts,
      now: () => performance.now(),
      pauseAfter: new Set(current.autonomy === "propose" && !current.ask.confirmed ? ["training.estimated"] : []),
      tell: async (step) => {
        view = { ...view, plan: view.plan.map((one) => (one.id === step.id ? step : one)) };
        await desk.save(view, "step", step);
      },
    });
    if (desk.signal(state.request).aborted) throw asFault(desk.signal(state.request).reason);
    if (ran.failure) return await onFailure(state, view, ran.failure);
    if (ran.next.length > 0)
      return {
        goals: [...state.goals, ...ran.next],
        ...(state.understanding?.kind === "goals" && { understanding: withAgreed(state.understanding, ran.next) }),
        to: "plan",
      };
    return { to: ran.expanded ? "plan" : "answer" };
  };

  /** A refusal that an approval would lift asks for it; anything else ends the request with the step's fault. */
  async function onFailure(
    state: State,
    view: RequestView,
    failure: { step: string; tool: string; fault: Fault },
  ): Promise<Partial<State>> {
    const { code, data, message } = failure.fault;
    const role = typeof data.approval === "string" ? data.approval : null;
    if (code === "denied" && role && !state.attempts[failure.step]) {
      const plan = view.plan.map((step) =>
        step.status === "skipped" || step.id === failure.step ? { ...step, status: "waiting" as const } : step,
      );
      return {
        ...(await askApproval(
          { ...view, plan },
          {
            ...{ step: failure.step, what: String(data.what ?? failure.tool), why: message, role, costUsd: null },
            ...(typeof data.content === "string" && { content: data.content }),
          },
        )),
        attempts: { [failure.step]: 1 },
      };
    }
    throw fault(code, message, { ...data, step: failure.step, tool: failure.tool });
  }

  const answerNode = async (state: State): Promise<Partial<State>> => {
    const { view } = await row(state.request);
    const { answer, assumptions } = await gatherAnswer(desk, state, view, (await makePlan(state)).answered);
    const finishedAt = process.now().toISOString();
    const ended: RequestView = { ...view, assumptions, status: "succeeded", answer, finishedAt };
    await desk.save(ended, "answer", answer);
    return { to: "end" };
  };

  return { understand, plan: planNode, execute: executeNode, answer: answerNode };
}

/** What all further goals are of is said to the steps before them too, where the request itself doesn't say it. */
function withAgreed(understood: Extract<Understanding, { kind: "goals" }>, next: readonly Goal[]): Understanding {
  const agreed = Object.fromEntries(
    Object.entries(next[0]?.of ?? {}).filter(([key, value]) =>
      next.every((goal) => canonical(goal.of?.[key] ?? null) === canonical(value)),
    ),
  );
  return { ...understood, arguments: { ...agreed, ...understood.arguments } };
}

/** Steps that were begun keep their place and what they came to; steps of the old plan that nobody wants any more go. */
function mergePlan(before: readonly StepView[], made: Plan): StepView[] {
  const wanted = new Set(made.steps.map((step) => step.id));
  const begun = before.filter((step) => step.status === "succeeded" && !wanted.has(step.id));
  const held = new Map(before.map((step) => [step.id, step]));
  return [
    ...begun,
    ...made.steps.map((step) => ({
      ...(held.get(step.id) ?? viewOf(step)),
      wave: step.wave + wavesOf(begun),
      after: [...step.after],
    })),
  ];
}

const wavesOf = (steps: readonly StepView[]): number => Math.max(0, ...steps.map((step) => step.wave));

/** The cards of the tools that answer, of the planner's `own` only these; asked at most every two seconds. */
function cardCache(process: Process, own: readonly string[]): (fresh?: boolean) => Promise<ToolCard[]> {
  let seen: { at: number; cards: ToolCard[] } | null = null;
  return async (fresh = false) => {
    if (fresh || !seen || Date.now() - seen.at > 2000) {
      const found = await discover(process.nats);
      seen = {
        at: Date.now(),
        cards: found.flatMap(({ name, tools }) =>
          name === "planner" ? tools.filter((card) => own.includes(card.name)) : tools,
        ),
      };
    }
    return seen.cards;
  };
}
