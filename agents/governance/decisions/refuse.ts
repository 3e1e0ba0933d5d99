import type { Decision } from "@muster/shared/domain/policy.ts";
import { type Fault, fault } from "@muster/shared/fault.ts";

/**
 * The fault for a no of the policies: it names them, what they were shown and what would change it. Where somebody's yes
 * would, `data` holds `approval` (the role), `what` (the text that has to be approved, to the letter) and `content` (the
 * hash of what stands behind it).
 */
export function refusal(decision: Decision, asked: { what: string; content: string }, remedy: string): Fault {
  const role = decision.obligations.find(({ kind }) => kind === "approval")?.detail ?? null;
  const by = decision.policies.length > 0 ? ` (policy ${decision.policies.join(", ")})` : "";
  const change = role ? `a yes from somebody with the role ${role} would change this` : remedy;
  return fault("denied", `${decision.why}${by}; ${change}`, {
    policies: decision.policies,
    facts: decision.facts,
    change,
    ...(role && { approval: role, ...asked }),
  });
}
