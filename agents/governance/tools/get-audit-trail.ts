import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";

export const getAuditTrail = tool({
  name: "get_audit_trail",
  does: "Shows audit events, newest first: all, of one request, or of one thing that happened.",
  effect: "read",
  input: z.object({
    request: z.string().optional(),
    what: z.string().optional(),
    limit: z.number().int().min(1).max(1000).default(100),
  }),
  output: z.object({
    events: z.array(
      z.object({
        id: z.string(),
        /** Its place in the chain; null until it is sealed. */
        seq: z.number().int().nullable(),
        at: z.string(),
        by: z.string(),
        person: z.string().nullable(),
        request: z.string().nullable(),
        step: z.string().nullable(),
        what: z.string(),
        subject: z.string(),
        data: z.record(z.string(), z.unknown()),
        receipts: z.array(z.string()),
      }),
    ),
    verdict: z.string(),
  }),
  cost: { ms: 20 },
  run: async ({ request, what, limit }, { store }: Context & GovernanceDeps) => {
    const events = await store.audit.trail({ request, what, limit });
    return { events, verdict: `${events.length} events` };
  },
});
