import { type Classification, classesOf } from "@muster/shared/domain/classification.ts";
import type { Decision } from "@muster/shared/domain/policy.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { decide } from "./decide.ts";
import { strictest } from "./obligations.ts";
import type { PolicySet } from "./policy-set.ts";
import type { Principal, Situation } from "./question.ts";

type Access = FactValue<"access.cleared">["columns"][string];

/** What somebody may see of each column, with the decision it follows from. */
export type ColumnAccess = { column: string; decision: Decision; access: Access };

/** How a column may be shown after a decision: the strictest of its obligations. */
function accessOf({ allowed, obligations, why }: Decision): Access {
  const has = (kind: string) => obligations.some((obligation) => obligation.kind === kind);
  const none: Access = { show: "none", rows: null, reason: why };
  if (!allowed || has("drop")) return none;
  const rows = strictest(obligations, "aggregate");
  if (rows !== null) return { show: "grouped", rows, reason: `${why}; in groups of at least ${rows} rows` };
  return { show: has("mask") ? "masked" : "plain", rows: null, reason: why };
}

/** Decides for every column of a dataset whether and how a person may see it. */
export function columnAccess({
  policies,
  principal,
  context,
  classification,
}: {
  policies: PolicySet;
  principal: Principal;
  context: Situation;
  classification: Classification;
}): ColumnAccess[] {
  const known = new Map<string, Decision>();
  return classification.columns.map((column) => {
    const classes = classesOf(column);
    const key = classes.join("+") || "plain";
    const decision =
      known.get(key) ??
      decide(policies, { action: "read", principal, context, resource: { type: "Column", id: key, classes } });
    known.set(key, decision);
    return { column: column.name, decision, access: accessOf(decision) };
  });
}
