import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { RoleName } from "@muster/shared/domain/policy.ts";
import { type Fault, fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { Approval } from "../approvals/store.ts";
import type { GovernanceDeps } from "../index.ts";

const decided = (approval: Approval, now: Date): Fault | null => {
  if (
    approval.state === "expired" ||
    (approval.state === "waiting" && Date.parse(approval.expires_at) <= now.getTime())
  )
    return fault("conflict", "this approval expired, which is a no; ask again");
  if (approval.state !== "waiting") return fault("conflict", `this was ${approval.state} already; it stays so`);
  return null;
};

/** Whether somebody may decide: the asker (or an administrator) for the asker's own, else whoever has the role. */
function mayDecide(approval: Approval, confirmer: { person: string; roles: readonly string[] }): boolean {
  if (approval.role === "asker") return confirmer.person === approval.asked_by || confirmer.roles.includes("admin");
  return confirmer.roles.includes(approval.role);
}

export const decideApproval = tool({
  name: "decide_approval",
  does: "Says yes or no to what waits for a person. Once, and only by who may.",
  effect: "write",
  input: z.object({
    approval: z.string().min(1),
    decision: z.enum(["approve", "reject"]),
    comment: z.string().max(1000).optional(),
    /** The hash of what the person saw, where their view showed one: another content is a `conflict`. */
    content: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  output: z.object({
    approval: z.string(),
    what: z.string(),
    content: z.string().nullable(),
    approved: z.boolean(),
    decidedBy: z.string(),
    comment: z.string().nullable(),
    verdict: z.string(),
  }),
  gives: [{ is: "approval.given", when: (out) => out.approved, about: ({ what }) => ({ what }) }],
  confirmedBy: RoleName.options,
  run: async (
    { approval: id, decision, comment = null, content },
    { store, request, confirmer, now, commit, emit }: Context & GovernanceDeps,
  ) => {
    const approval = await store.approvals.get(id);
    if (!approval) throw fault("not_found", "no such approval; see npx muster requests");
    if (approval.request !== request)
      throw fault("conflict", `this belongs to another request; decide it with npx muster approve ${approval.request}`);
    const by = confirmer!.person;
    if (!mayDecide(approval, confirmer!)) {
      const who = approval.role === "asker" ? "who asked, or an administrator" : `the role ${approval.role}`;
      throw fault("denied", `this wants ${who}; somebody else has to decide it`, { role: approval.role });
    }
    const late = decided(approval, now());
    if (late) throw late;
    if (content !== undefined && content !== approval.content)
      throw fault("conflict", "what you saw isn't what waits here; look at it again before you decide");
    const approved = decision === "approve";
    const state = approved ? "approved" : "rejected";
    commit(async (trx) => {
      // Of two people who decide at once the second changes nothing.
      if (!(await store.approvals.decide(trx, { id, state, by, comment, at: now().toISOString() })))
        throw fault("conflict", "this was decided already; it stays so");
    });
    emit("approval_decided", { request: approval.request, approval: id, approved });
    return {
      approval: id,
      what: approval.what,
      content: approval.content,
      approved,
      decidedBy: by,
      comment,
      verdict: `${state} by ${by}`,
    };
  },
});
