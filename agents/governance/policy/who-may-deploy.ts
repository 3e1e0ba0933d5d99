import { RoleName } from "@muster/shared/domain/policy.ts";
import { decide } from "./decide.ts";
import type { PolicySet } from "./policy-set.ts";
import type { Principal, Situation } from "./question.ts";

/** What a training would come to at the gate before going live, as far as it can be told beforehand. */
export type Ahead = { allowed: boolean; why: string; roles: RoleName[] };

/**
 * Whether a person's roles may deploy a sound model for this purpose, asked before anything is trained; and who may.
 * `classes` are those of the features. What only the finished model shows (too few outcomes, unfairness) isn't known yet.
 */
export function whoMayDeploy(
  policies: PolicySet,
  { principal, context, classes }: { principal: Principal; context: Situation; classes: string[] },
): Ahead {
  const ask = (roles: RoleName[]) =>
    decide(policies, {
      action: "deploy",
      principal: { ...principal, roles },
      context: { ...context, fairness: { compared: [], uncompared: [] } },
      resource: { type: "Model", id: "planned", classes, exploratory: false },
    });
  const { allowed, why } = ask(principal.roles);
  return { allowed, why, roles: RoleName.options.filter((role) => ask([role]).allowed) };
}

/** The same as a clause of a verdict; nothing where the person may. */
export function saysAhead({ allowed, why, roles }: Ahead): string {
  if (allowed) return "";
  const who = roles.length > 0 ? `somebody with the role ${roles.join(" or ")} has to ask for it` : "nobody may";
  return `; going live would be refused: ${why}; ${who}`;
}
