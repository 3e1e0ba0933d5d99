import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { PlannerDeps } from "../index.ts";

export const requestEvents = tool({
  name: "request_events",
  does: "Gives what changed in a request after a point, in order: what a live view follows.",
  effect: "read",
  input: z.object({ id: z.string(), after: z.number().int().nonnegative().default(0) }),
  output: z.object({ events: z.array(z.object({ seq: z.number().int(), event: z.string(), data: z.unknown() })) }),
  run: async ({ id, after }, { store }: Context & PlannerDeps) => ({ events: await store.events(id, after) }),
});
