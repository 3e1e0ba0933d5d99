import type * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { Decision } from "@muster/shared/domain/policy.ts";
import type { FairnessFacts, Question } from "./question.ts";

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;

/** A moment as policies test it: hour, weekday and date in UTC. */
function timeOf(at: string): { hour: number; weekday: string; date: string } {
  const moment = new Date(at);
  return {
    hour: moment.getUTCHours(),
    weekday: weekdays[moment.getUTCDay()]!,
    date: moment.toISOString().slice(0, 10),
  };
}

const reference = (type: string, id: string): cedar.CedarValueJson => ({ __entity: { type, id } });
/** Cedar's decimals have four digits; a ratio is cut, not rounded, so that 0.79999 never passes for 0.8. */
const decimal = (value: number): cedar.CedarValueJson => ({
  __extn: { fn: "decimal", arg: (Math.floor(value * 10_000 + 1e-9) / 10_000).toFixed(4) },
});

function fairnessOf(facts: FairnessFacts): cedar.CedarValueJson {
  const { compared, uncompared, worstRatio, worstTprRatio, worstProxyAuc } = facts;
  return {
    compared,
    uncompared,
    ...(worstRatio !== undefined && { worst_ratio: decimal(worstRatio) }),
    ...(worstTprRatio !== undefined && { worst_tpr_ratio: decimal(worstTprRatio) }),
    ...(worstProxyAuc !== undefined && { worst_proxy_auc: decimal(worstProxyAuc) }),
  };
}

/** The circumstances of a question as Cedar's schema names them. */
export function contextOf({ context }: Question): cedar.Context {
  return {
    purpose: reference("Purpose", context.purpose),
    environment: reference("Environment", context.environment),
    approvals: context.approvals.map((role) => reference("Role", role)),
    at: { __extn: { fn: "datetime", arg: context.at } },
    ...timeOf(context.at),
    ...("fairness" in context && { fairness: fairnessOf(context.fairness) }),
  };
}

/** Everything the policies were shown, flat, as a decision names it; `policySet` is the hash of the policies asked. */
export function factsOf({ action, principal, resource, context }: Question, policySet: string): Decision["facts"] {
  const { type, id, ...attrs } = resource;
  const fairness = "fairness" in context ? Object.entries(context.fairness) : [];
  return {
    action,
    person: principal.person,
    roles: [...principal.roles].sort(),
    purpose: context.purpose,
    environment: context.environment,
    approvals: [...context.approvals].sort(),
    at: context.at,
    ...timeOf(context.at),
    resource: `${type} ${id}`,
    ...attrs,
    ...Object.fromEntries(fairness.map(([name, value]) => [`fairness.${name}`, value])),
    policySet,
  };
}
