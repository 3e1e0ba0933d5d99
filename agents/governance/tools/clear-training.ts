import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { hashOf } from "@muster/shared/canonical.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import { facts } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { approvedRoles } from "../approvals/approved-roles.ts";
import { refusal } from "../decisions/refuse.ts";
import type { GovernanceDeps } from "../index.ts";
import { rolesNow } from "../persons/roles-now.ts";
import { clearScope } from "../policy/clear-scope.ts";
import { strictest } from "../policy/obligations.ts";
import { saysAhead, whoMayDeploy } from "../policy/who-may-deploy.ts";

const remedy =
  "ask for a purpose or as somebody that a policy permits, choose another target, or have the column's classification mended with governance.set_classification";

export const clearTraining = tool({
  name: "clear_training",
  does: "Decides by policy whether this person may train for this purpose on these tables, and what each column may be used for.",
  effect: "read",
  input: z.object({}),
  output: facts["training.cleared"].value.extend({ verdict: z.string() }),
  needs: [
    { is: "request.accepted", as: "accepted" },
    { is: "problem.defined", as: "problem" },
    { is: "scope.pinned", as: "scope" },
    { is: "dataset.classified", each: "scope.pinned", as: "classified" },
    { is: "quality.passed", each: "scope.pinned", failed: "too", as: "checked" },
    { is: "approval.given", as: "approval", optional: true },
  ],
  gives: [{ is: "training.cleared" }],
  cost: { ms: 80 },
  run: async (
    { accepted, problem, scope, classified, checked, approval },
    { store, lake, policies: keeper, environment, request, now, id, commit }: Context & GovernanceDeps,
  ) => {
    const policies = await keeper.current();
    const members = await Promise.all(
      classified.map(async ({ member, value: classification }) => {
        const { time, arrived } = await lake.manifest(member);
        const check = checked.find((one) => one.member === member);
        if (!check)
          throw fault("precondition_failed", `no check of ${member} was shown`, { missing: ["quality.passed"] });
        return {
          pin: member,
          classification,
          passed: check.verdict === "passed",
          checks: check.value.checks,
          times: [time, arrived].filter((column) => column !== null),
        };
      }),
    );
    const principal = { person: accepted.person, roles: await rolesNow(store, accepted) };
    const what = `train ${problem.name} on ${scope.datasets.map(({ pin }) => pin).join(", ")}`;
    const at = now().toISOString();
    const content = hashOf({ what, problem: problem.hash, scope, classified, purpose: accepted.purpose });
    const { person } = accepted;
    const approvals = await approvedRoles(store, approval, { what, content, request: accepted.request, person });
    const context = { purpose: accepted.purpose, environment, approvals, at };
    const { value, decision, classes } = clearScope({ policies, principal, context, problem, scope, members });
    const row = { ...decision, policies: value.policies, id: id("dec"), request, action: "train", at };
    if (!decision.allowed) {
      await store.decisions.refuse({ ...row, policies: decision.policies });
      throw refusal(decision, { what, content }, remedy);
    }
    const days = strictest(decision.obligations, "retention");
    commit(async (trx) => {
      await store.decisions.insert(trx, row);
      if (days !== null)
        for (const pin of value.datasets)
          await store.retention.oblige(trx, {
            ...{ dataset: parseDatasetRef(pin).name, days, at },
            policy: decision.policies.join(", "),
          });
    });
    const ahead = saysAhead(whoMayDeploy(policies, { principal, context, classes }));
    const roles = Object.values(value.columns).map(({ role }) => role);
    const count = (role: string) => roles.filter((one) => one === role).length;
    const out = scope.datasets.length - value.datasets.length;
    const verdict = `${accepted.purpose} may train: ${count("feature")} columns may be features, ${count("key")} are keys, ${count("none") + count("evaluate_only")} are left out${out > 0 ? `; ${out} tables failed their check` : ""}${ahead}`;
    return { ...value, verdict };
  },
});
