import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { PlannerDeps } from "../index.ts";
import { ownRequest } from "./own-request.ts";

export const cancelRequest = tool({
  name: "cancel_request",
  does: "Cancels a request: no new step begins, long work stops, what was spent is settled.",
  effect: "write",
  input: z.object({ id: z.string() }),
  output: z.object({ id: z.string(), verdict: z.string() }),
  run: async ({ id }, context: Context & PlannerDeps) => {
    await ownRequest(id, context);
    await context.runner.cancel(id);
    return { id, verdict: "cancelled" };
  },
});
