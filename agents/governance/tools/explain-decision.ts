import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { Dropped } from "@muster/shared/domain/model.ts";
import { Obligation } from "@muster/shared/domain/policy.ts";
import type { FactName, FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { GovernanceDeps } from "../index.ts";

const dropping = ["training.cleared", "features.suggested", "training_set.passed", "run.finished"] as const;
type Dropping = (typeof dropping)[number];

export const explainDecision = tool({
  name: "explain_decision",
  does: "Says why a request was allowed or refused, by which policies and on which facts, and why columns and features were dropped.",
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
    verdict: z.string(),
  }),
  cost: { ms: 40 },
  run: async ({ request, name }, { store, evidence, policies: keeper }: Context & GovernanceDeps) => {
    const policies = await keeper.current();
    const [kept, receipts] = await Promise.all([store.decisions.of(request), evidence.ofRequest(request)]);
    if (kept.length + receipts.length === 0)
      throw fault("not_found", "nothing was decided or found in such a request; see npx muster requests");
    const about = (one: { name: string }) => !name || one.name === name || one.name.endsWith(`.${name}`);
    const dropped = [];
    for (const receipt of receipts.filter(({ fact }) => dropping.includes(fact as Dropping))) {
      const value = (await evidence.value(receipt)) as FactValue<Dropping>;
      for (const one of value.dropped) dropped.push({ ...one, by: receipt.fact as FactName, receipt: receipt.id });
    }
    const cleared = receipts.findLast(({ fact }) => fact === "training.cleared");
    const roles = cleared ? ((await evidence.value(cleared)) as FactValue<"training.cleared">).columns : {};
    const decisions = kept.map(({ id, at, action, allowed, why, policies: ids, facts, obligations }) => ({
      ...{ id, at, action, allowed, why, facts, obligations },
      policies: ids.map((policy) => ({ id: policy, why: policies.notes.get(policy)?.why ?? "no longer a policy" })),
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
      verdict:
        no && !last?.allowed
          ? `${no.action} was refused: ${no.why}`
          : `${decisions.filter(({ allowed }) => allowed).length} decisions allowed it; ${dropped.length} columns or features were dropped`,
    };
  },
});
