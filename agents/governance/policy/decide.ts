import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { Decision } from "@muster/shared/domain/policy.ts";
import { contextOf, factsOf } from "./facts-of.ts";
import type { PolicyNote, PolicySet } from "./policy-set.ts";
import type { Question } from "./question.ts";

const uid = (type: string, id: string): cedar.TypeAndId => ({ type, id });

function entitiesOf({ principal, resource }: Question): cedar.EntityJson[] {
  const { type, id, ...attrs } = resource;
  return [
    { uid: uid("Person", principal.person), attrs: {}, parents: principal.roles.map((role) => uid("Role", role)) },
    { uid: uid(type, id), attrs, parents: [] },
  ];
}

/**
 * The policies' answer to one question. A forbid wins; where no policy permits it is no; where a policy could not be
 * evaluated it is no, whatever the others said. Obligations are those of the deciding policies: with a yes they must
 * be kept, with a no `approval` says whose yes would change it (only where that would be enough). A permit under the
 * obligation of an approval that isn't there yet is such a no. A no never throws.
 */
export function decide(policies: PolicySet, question: Question): Decision {
  const facts = factsOf(question, policies.hash);
  const no = (why: string): Decision => ({ allowed: false, policies: [], facts, obligations: [], why });
  const answer = cedar.statefulIsAuthorized({
    principal: uid("Person", question.principal.person),
    action: uid("Action", question.action),
    resource: uid(question.resource.type, question.resource.id),
    context: contextOf(question),
    entities: entitiesOf(question),
    preparsedPolicySetId: policies.hash,
    preparsedSchemaName: policies.hash,
    validateRequest: true,
  });
  if (answer.type === "failure") return no("the question does not fit the policies' schema, which means no");
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) {
    const failed = diagnostics.errors.map((error) => error.policyId).sort();
    return { ...no(`policy ${failed.join(", ")} could not be evaluated, which means no`), policies: failed };
  }
  const deciding = [...diagnostics.reason].sort().map((id) => policies.notes.get(id)!);
  if (deciding.length === 0) {
    const { action, context, principal } = question;
    const roles = principal.roles.length > 0 ? principal.roles.join(", ") : "no role";
    return no(`no policy permits ${action} for purpose ${context.purpose} to somebody with ${roles}`);
  }
  const permitted = decision === "allow";
  const wanting = permitted ? unapproved(deciding, question) : [];
  const allowed = permitted && wanting.length === 0;
  // An approval helps only when it lifts every forbid; asking for one that cannot change the answer wastes a person.
  const liftable = permitted || deciding.every((note) => note.obligations.some((o) => o.kind === "approval"));
  return {
    allowed,
    policies: deciding.map((note) => note.id),
    facts,
    obligations: deciding
      .flatMap((note) => note.obligations)
      .filter((obligation) => allowed || liftable || obligation.kind !== "approval"),
    why: [...deciding.map((note) => note.why), ...wanting].join("; "),
  };
}

/** What the permits want approved and nobody in that role has yet. */
function unapproved(deciding: readonly PolicyNote[], { context }: Question): string[] {
  const roles = deciding.flatMap((note) => note.obligations).filter(({ kind }) => kind === "approval");
  const open = roles.filter(({ detail }) => !context.approvals.some((role) => role === detail));
  return [...new Set(open.map(({ detail }) => `it wants a yes from somebody with the role ${detail}`))];
}
