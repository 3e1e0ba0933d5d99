import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Ask, type RequestView } from "@muster/shared/domain/request.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { PlannerDeps } from "../index.ts";
import { timeFor } from "../time-for.ts";

export const ask = tool({
  name: "ask",
  does: "Takes a request in plain words (or as goals, or as one tool to call) and begins it.",
  effect: "write",
  input: Ask,
  output: z.object({ id: z.string(), verdict: z.string() }),
  needs: [{ is: "request.accepted", as: "accepted" }],
  cost: { ms: 20 },
  run: async (input, { store, runner, settings, request, now, commit, after }: Context & PlannerDeps) => {
    const { accepted, ...asked } = input;
    if (!request) throw fault("invalid_input", "a request needs its id in the header");
    if (!asked.text.trim() && !asked.goals?.length && !asked.call)
      throw fault("invalid_input", "say what you want, for example: I want to predict customer churn");
    const startedAt = now().toISOString();
    const view: RequestView = {
      id: request,
      text: asked.text,
      by: accepted.schedule ?? accepted.person,
      purpose: accepted.purpose,
      status: "planning",
      question: null,
      approval: null,
      goals: asked.goals ?? [],
      assumptions:
        accepted.purpose === settings.purpose
          ? [`purpose: ${accepted.purpose} (the default, unless you named it)`]
          : [],
      plan: [],
      answer: null,
      error: null,
      startedAt,
      finishedAt: null,
    };
    commit((trx) =>
      store.insert(trx, {
        id: request,
        person: accepted.person,
        purpose: accepted.purpose,
        autonomy: accepted.autonomy,
        ask: asked,
        view,
        deadline: new Date(now().getTime() + timeFor(asked, settings.deadlineMs)).toISOString(),
      }),
    );
    after(() => runner.begin(request));
    return { id: request, verdict: "begun" };
  },
});
