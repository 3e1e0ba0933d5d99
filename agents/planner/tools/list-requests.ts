import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { RequestStatus } from "@muster/shared/domain/request.ts";
import { z } from "zod";
import type { PlannerDeps } from "../index.ts";

export const listRequests = tool({
  name: "list_requests",
  does: "Lists requests, newest first.",
  effect: "read",
  input: z.object({ limit: z.number().int().min(1).max(200).default(50) }),
  output: z.object({
    requests: z.array(
      z.object({
        id: z.string(),
        text: z.string(),
        by: z.string(),
        status: RequestStatus,
        startedAt: z.string(),
        finishedAt: z.string().nullable(),
      }),
    ),
  }),
  run: async ({ limit }, { store }: Context & PlannerDeps) => ({
    requests: (await store.list(limit)).map(({ view: { id, text, by, status, startedAt, finishedAt } }) => ({
      id,
      text,
      by,
      status,
      startedAt,
      finishedAt,
    })),
  }),
});
