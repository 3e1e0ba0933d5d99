import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { z } from "zod";
import { approvedRoles } from "../approvals/approved-roles.ts";
import { refusal } from "../decisions/refuse.ts";
import type { GovernanceDeps } from "../index.ts";
import { rolesNow } from "../persons/roles-now.ts";
import { decide } from "../policy/decide.ts";
import { Change } from "../policy/question.ts";

const words: Record<Change, string> = { roll_back: "roll back", retire: "retire", end_test: "end a test of" };
const remedy = "ask as somebody with a role that a policy permits to take back what is live";

export const clearChange = tool({
  name: "clear_change",
  does: "Decides by policy whether this person may take back what is live under a name: roll it back, retire it, or end a test of a version beside it.",
  effect: "read",
  input: z.object({
    /** A name under which a version is live or registered. */
    deployment: z.string().min(1).max(100),
    role: Change,
  }),
  output: facts["change.cleared"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "approval.given", as: "approval", optional: true },
  ],
  gives: [
    {
      ...{ is: "change.cleared", of: "deployment", role: "role" },
      about: (_, { role, deployment }) => ({ [role]: deployment }),
    },
  ],
  cost: { ms: 20 },
  run: async (
    { accepted, approval, role, deployment },
    { store, policies: keeper, environment, request, now, id, commit }: Context & GovernanceDeps,
  ) => {
    const { person, purpose } = accepted;
    const what = `${words[role]} ${deployment}`;
    const content = hashOf({ what, purpose });
    const approvals = await approvedRoles(store, approval, { what, content, request: accepted.request, person });
    const at = now().toISOString();
    const decision = decide(await keeper.current(), {
      action: role,
      principal: { person, roles: await rolesNow(store, accepted) },
      context: { purpose, environment, approvals, at },
      resource: { type: "Deployment", id: deployment },
    });
    const row = { ...decision, id: id("dec"), request, action: role, at };
    if (!decision.allowed) {
      await store.decisions.refuse(row);
      throw refusal(decision, { what, content }, remedy);
    }
    commit((trx) => store.decisions.insert(trx, row));
    return { policies: decision.policies, reasons: [decision.why], verdict: `${person} may ${what}` };
  },
});
