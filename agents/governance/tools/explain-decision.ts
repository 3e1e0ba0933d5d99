import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Dropped } from "@muster/shared/domain/model.ts";
import { Obligation } from "@muster/shared/domain/policy.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { DecisionRow } from "../decisions/store.ts";
import type { GovernanceDeps } from "../index.ts";
import { policiesOf } from "../policy/load-policies.ts";

const dropping = ["training.cleared", "features.suggested", "training_set.passed", "run.finished"] as const;
type Dropping = (typeof dropping)[number];

export const explainDecision = tool({
  name: "explain_decision",
  does: "Says why a request was allowed or refused, by which policies and on which facts, why columns and features were dropped, and who approved what.",
  effect: "read",
  input: z.object({
    request: z.string().min(1),
    /** Only what is about this column or feature. */
    name: z.string().optional(),
  }),
  output: z.object({
    request: z.string(),
    decisions: z.array(
      z.object({
        id: z.string(),
        at: z.string(),
        action: z.string(),
        allowed: z.boolean(),
        why: z.string(),
        policies: z.array(z.object({ id: z.string(), why: z.string() })),
        facts: z.record(z.string(), z.unknown()),
        obligations: z.array(Obligation),
      }),
    ),
    columns: z.array(
      z.object({
        name: z.string(),
        role: z.string(),
        use: z.string().nullable(),
        pii: z.boolean(),
        reason: z.string(),
      }),
    ),
    dropped: z.array(Dropped.extend({ by: z.string(), receipt: z.string() })),
    /** What waited for a person, who decided it when, and what the yes was bound to. */
    approvals: z.array(
      z.object({
        id: z.string(),
        what: z.string(),
        why: z.string(),
        role: z.string(),
        askedBy: z.string(),
        state: z.enum(["waiting", "approved", "rejected", "expired"]),
        decidedBy: z.string().nullable(),
        decidedAt: z.string().nullable(),
        comment: z.string().nullable(),
        content: z.string().nullable(),
      }),
    ),
    verdict: z.string(),
  }),
  cost: { ms: 40 },
  run: async ({ request, name }, { store, evidence, policies: keeper }: Context & GovernanceDeps) => {
    const [kept, receipts, waited] = await Promise.all([
      store.decisions.of(request),
      evidence.ofRequest(request),
      store.approvals.of(request),
    ]);
    if (kept.length + receipts.length + waited.length === 0)
      throw fault("not_found", "nothing was decided or found in such a request; see npx muster requests");
    const about = (one: { name: string }) => !name || one.name === name || one.name.endsWith(`.${name}`);
    const dropped = [];
    for (const receipt of receipts.filter(({ fact }) => dropping.includes(fact as Dropping))) {
      const value = (await evidence.value(receipt)) as FactValue<Dropping>;
      for (const one of value.dropped) dropped.push({ ...one, by: receipt.fact as FactName, receipt: receipt.id });
    }
    const cleared = receipts.findLast(({ fact }) => fact === "training.cleared");
    const roles = cleared ? ((await evidence.value(cleared)) as FactValue<"training.cleared">).columns : {};
    const whyOf = await reasonsThen(kept, keeper, store);
    const decisions = kept.map(({ id, at, action, allowed, why, policies: ids, facts, obligations }) => ({
      ...{ id, at, action, allowed, why, facts, obligations },
      policies: ids.map((policy) => ({ id: policy, why: whyOf(facts.policySet, policy) })),
    }));
    const no = decisions.findLast(({ allowed }) => !allowed);
    const last = decisions.at(-1);
    return {
      request,
      decisions,
      columns: Object.entries(roles)
        .map(([column, { role, use, pii, reason }]) => ({ name: column, role, use, pii, reason }))
        .filter(about),
      dropped: dropped.filter(about),
      approvals: waited.map((one) => ({
        ...{ id: one.id, what: one.what, why: one.why, role: one.role, askedBy: one.asked_by, state: one.state },
        ...{ decidedBy: one.decided_by, decidedAt: one.decided_at, comment: one.comment, content: one.content },
      })),
      verdict:
        no && !last?.allowed
          ? `${no.action} was refused: ${no.why}`
          : `${decisions.filter(({ allowed }) => allowed).length} decisions allowed it; ${dropped.length} columns or features were dropped`,
    };
  },
});

/** A policy's reason as it stood when a decision was made, not as the folder has it now. */
async function reasonsThen(
  decisions: readonly Pick<DecisionRow, "facts">[],
  keeper: GovernanceDeps["policies"],
  store: GovernanceDeps["store"],
): Promise<(policySet: unknown, policy: string) => string> {
  const now = await keeper.current();
  const sets = new Map([[now.hash, now.notes]]);
  for (const { facts } of decisions) {
    const hash = facts.policySet;
    if (typeof hash !== "string" || sets.has(hash)) continue;
    const files = await store.policies.byHash(hash);
    if (files) sets.set(hash, policiesOf(files).notes);
  }
  return (policySet, policy) =>
    (sets.get(typeof policySet === "string" ? policySet : now.hash) ?? now.notes).get(policy)?.why ??
    "no longer a policy";
}
