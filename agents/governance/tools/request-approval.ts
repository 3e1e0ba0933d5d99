import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { RoleName } from "@muster/shared/domain/policy.ts";
import { z } from "zod";
import { approvalMs } from "../approvals/expire.ts";
import type { GovernanceDeps } from "../index.ts";

export const requestApproval = tool({
  name: "request_approval",
  does: "Puts something before a person with a role (or the asker) and waits up to 24 hours; no answer is a no.",
  effect: "write",
  input: z.object({
    /** What exactly would be allowed: the yes holds for this text to the letter. */
    what: z.string().min(1).max(2000),
    why: z.string().min(1).max(2000),
    role: z.union([RoleName, z.literal("asker")]),
    step: z.string().max(100).optional(),
    costUsd: z.number().nonnegative().optional(),
    /** SHA-256 of what stands behind the text: the yes holds for that content alone. */
    content: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  output: z.object({ approval: z.string(), expiresAt: z.string(), verdict: z.string() }),
  needs: [{ is: "request.accepted", as: "accepted" }],
  run: async (
    { accepted, what, why, role, step, costUsd, content },
    { store, now, id, commit, emit }: Context & GovernanceDeps,
  ) => {
    const approval = id("apr");
    const at = now();
    const expiresAt = new Date(at.getTime() + approvalMs).toISOString();
    commit((trx) =>
      store.approvals.insert(trx, {
        ...{ id: approval, request: accepted.request, step: step ?? null, what, why, role, cost_usd: costUsd ?? null },
        ...{ asked_by: accepted.person, at: at.toISOString(), expires_at: expiresAt, state: "waiting" },
        ...{ decided_by: null, decided_at: null, comment: null, content: content ?? null },
      }),
    );
    emit("approval_requested", { request: accepted.request, approval, role, expiresAt });
    const whom = role === "asker" ? "whoever asked" : `somebody with the role ${role}`;
    return { approval, expiresAt, verdict: `waits for ${whom} until ${expiresAt}` };
  },
});
