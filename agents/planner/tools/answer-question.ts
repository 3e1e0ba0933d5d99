import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { PlannerDeps } from "../index.ts";
import { ownRequest } from "./own-request.ts";

export const answerQuestion = tool({
  name: "answer_question",
  does: "Answers what a request asked back; it goes on with that.",
  effect: "write",
  input: z.object({ id: z.string(), text: z.string().min(1).max(1000) }),
  output: z.object({ id: z.string(), verdict: z.string() }),
  run: async ({ id, text }, context: Context & PlannerDeps) => {
    await ownRequest(id, context);
    await context.runner.answer(id, text);
    return { id, verdict: "goes on" };
  },
});
