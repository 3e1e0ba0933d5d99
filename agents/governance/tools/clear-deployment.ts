import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { z } from "zod";
import { approvedRoles } from "../approvals/approved-roles.ts";
import { refusal } from "../decisions/refuse.ts";
import type { GovernanceDeps } from "../index.ts";
import { rolesNow } from "../persons/roles-now.ts";
import { decide } from "../policy/decide.ts";
import { modelClasses } from "../policy/model-classes.ts";

const remedy = "ask for a purpose, or as somebody with a role, that a policy permits to deploy";

export const clearDeployment = tool({
  name: "clear_deployment",
  does: "Decides by policy whether this person may deploy exactly this model. An exploratory one wants an approver's yes.",
  effect: "read",
  input: z.object({}),
  output: facts["deployment.cleared"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "run.finished", as: "run" },
    { is: "model.evaluated", as: "evaluation" },
    { is: "model.registered", as: "registered" },
    { is: "model.explained", as: "explained" },
    { is: "approval.given", as: "approval", optional: true },
  ],
  gives: [{ is: "deployment.cleared" }],
  cost: { ms: 60 },
  run: async (
    { accepted, problem, run, evaluation, registered, explained, approval },
    { store, evidence, policies, environment, request, now, id, commit, shown }: Context & GovernanceDeps,
  ) => {
    const scope = shown.find(({ fact }) => fact === "run.finished")!.about.scope as string[];
    const columns = explained.importance.map(({ name }) => name);
    const classes = await modelClasses(evidence, scope, problem.dataset, columns);
    // The hash binds the yes to these bytes: another version of the same name is another question.
    const what = `deploy ${registered.name} version ${registered.version}, model ${run.model}`;
    const at = now().toISOString();
    const decision = decide(policies, {
      action: "deploy",
      principal: { person: accepted.person, roles: await rolesNow(store, accepted) },
      context: {
        purpose: accepted.purpose,
        environment,
        approvals: await approvedRoles(store, approval, what),
        at,
      },
      resource: { type: "Model", id: run.model, classes, exploratory: evaluation.exploratory },
    });
    const row = { ...decision, id: id("dec"), request, action: "deploy", at };
    if (!decision.allowed) {
      await store.decisions.refuse(row);
      throw refusal(decision, what, remedy);
    }
    commit((trx) => store.decisions.insert(trx, row));
    const yes = evaluation.exploratory ? ", approved though exploratory" : "";
    return {
      policies: decision.policies,
      reasons: [decision.why],
      verdict: `${accepted.purpose} may deploy ${registered.name} version ${registered.version}${yes}`,
    };
  },
});
