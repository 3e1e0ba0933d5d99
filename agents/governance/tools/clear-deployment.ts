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
import { fairnessFacts, saysFairness } from "../policy/fairness-facts.ts";
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
    { is: "model.fairness", as: "fairness" },
    { is: "approval.given", as: "approval", optional: true },
  ],
  gives: [{ is: "deployment.cleared" }],
  cost: { ms: 60 },
  run: async (
    { accepted, problem, run, evaluation, registered, explained, fairness, approval },
    { store, evidence, policies: keeper, environment, request, now, id, commit, shown }: Context & GovernanceDeps,
  ) => {
    const policies = await keeper.current();
    const scope = shown.find(({ fact }) => fact === "run.finished")!.about.scope as string[];
    const columns = explained.importance.map(({ name }) => name);
    const classes = await modelClasses(evidence, scope, problem.dataset, columns);
    // The hash binds the yes to these bytes: another version of the same name is another question.
    const what = `deploy ${registered.name} version ${registered.version}, model ${run.model}`;
    const { exploratory } = evaluation;
    const content = hashOf({ what, problem: problem.hash, evaluation, fairness, classes, purpose: accepted.purpose });
    const { person } = accepted;
    const approvals = await approvedRoles(store, approval, { what, content, request: accepted.request, person });
    const at = now().toISOString();
    const decision = decide(policies, {
      action: "deploy",
      principal: { person, roles: await rolesNow(store, accepted) },
      context: { purpose: accepted.purpose, environment, approvals, at, fairness: fairnessFacts(fairness) },
      resource: { type: "Model", id: run.model, classes, exploratory },
    });
    const row = { ...decision, id: id("dec"), request, action: "deploy", at };
    if (!decision.allowed) {
      await store.decisions.refuse(row);
      throw refusal(decision, { what, content }, remedy);
    }
    commit((trx) => store.decisions.insert(trx, row));
    const yes = exploratory ? ", approved though exploratory" : "";
    return {
      policies: decision.policies,
      reasons: [decision.why],
      verdict: `${accepted.purpose} may deploy ${registered.name} version ${registered.version}${yes}${saysFairness(fairness)}`,
    };
  },
});
