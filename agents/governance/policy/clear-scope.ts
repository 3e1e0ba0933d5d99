import { type Classification, type ColumnClassification, classesOf } from "@muster/shared/domain/classification.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Dropped } from "@muster/shared/domain/model.ts";
import type { ColumnRole, Decision } from "@muster/shared/domain/policy.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { type LabelRead, labelReads } from "@muster/shared/features/label-rule.ts";
import { columnRoles, featureClasses } from "./column-roles.ts";
import { decide } from "./decide.ts";
import type { PolicySet } from "./policy-set.ts";
import type { Principal, Situation } from "./question.ts";

/** A member of a scope with what is known of it. `times`: its columns of event and arrival time. */
export type ScopeMember = {
  pin: string;
  classification: Classification;
  passed: boolean;
  checks: FactValue<"quality.passed">["checks"];
  times: string[];
};

/** Everything a clearance is decided from. */
export type ClearanceInput = {
  policies: PolicySet;
  principal: Principal;
  context: Situation;
  problem: Problem;
  scope: FactValue<"scope.pinned">;
  members: readonly ScopeMember[];
};

/**
 * A clearance, with the decision that it rests on, and the classes of what would become features. Where `decision` is a no,
 * nothing of the rest may be used.
 */
export type Cleared = { value: FactValue<"training.cleared">; decision: Decision; classes: string[] };

/** The names of the checks that a table didn't pass. */
const failedChecks = ({ checks }: ScopeMember): string[] =>
  checks.filter((check) => !check.success && check.severity === "error").map((check) => check.name);

/**
 * The tables that may be read: the label's and the entity's must have passed their check (`unfit` names what failed);
 * another that didn't leaves the scope with its reason.
 */
function fitMembers({ scope, members }: ClearanceInput): { fit: ScopeMember[]; dropped: Dropped[] } {
  const parts = new Map(scope.datasets.map(({ pin, part }) => [pin as string, part]));
  const needed = members.filter((member) => !member.passed && parts.get(member.pin) !== "related");
  if (needed.length > 0) {
    const failed = needed.map((member) => ({
      dataset: parseDatasetRef(member.pin).name,
      checks: failedChecks(member),
    }));
    const said = failed.map(({ dataset, checks }) => `${dataset} (${checks.join(", ")})`).join("; ");
    throw fault(
      "unfit",
      `the problem can't do without what failed its check: ${said}; mend the data and load it again`,
      {
        failed,
      },
    );
  }
  return {
    fit: members.filter((member) => member.passed),
    dropped: members
      .filter((member) => !member.passed)
      .map((member) => ({
        name: parseDatasetRef(member.pin).name,
        reason: `the table failed its check: ${failedChecks(member).join(", ")}`,
        number: failedChecks(member).length,
      })),
  };
}

function joinKeysOf({ joins }: FactValue<"scope.pinned">, dataset: string): string[] {
  const sides = joins.flatMap(({ left, right }) => [left, right]);
  return [...new Set(sides.filter((side) => side.dataset === dataset).map((side) => side.column))];
}

/** Obligations as sentences, each with the columns that it is about. */
function obligationsOf(roles: readonly ColumnRole[], decision: Decision): string[] {
  const columns = new Map<string, string[]>();
  for (const { dataset, column, obligations } of roles)
    for (const { kind, detail, policy } of obligations) {
      const name = `${kind}${detail ? ` ${detail}` : ""} (${policy})`;
      columns.set(name, [...(columns.get(name) ?? []), `${dataset}.${column}`]);
    }
  const whole = decision.obligations.map(
    ({ kind, detail, policy }) => `${kind}${detail ? ` ${detail}` : ""} (${policy})`,
  );
  return [...whole, ...[...columns].map(([name, list]) => `${name}: ${list.join(", ")}`)].sort();
}

/** The no of the policies to what the problem can't do without: its label, its entity; null where both may be used. */
function refusedPart(
  roles: readonly ColumnRole[],
  { problem, context, policies: set }: ClearanceInput,
): Decision | null {
  const { at } = context;
  const policySet = set.hash;
  const reads = labelReads(problem);
  const of = (as: LabelRead["as"]) =>
    roles.filter((role) =>
      reads.some((read) => read.as === as && read.dataset === role.dataset && read.column === role.column),
    );
  const [counted, keys, times] = [of("value"), of("key"), of("time")];
  const refused =
    counted.find((role) => role.use !== "label") ??
    keys.find((role) => role.role !== "key") ??
    times.find((role) => role.use === null && role.role === "none");
  if (!refused) return null;
  const { dataset, column, policies, obligations, reason } = refused;
  const as = counted.includes(refused) ? "label" : keys.includes(refused) ? "entity" : "time";
  const facts = { column: `${dataset}.${column}`, as, at, policySet };
  return { allowed: false, policies, obligations, facts, why: `${dataset}.${column}: ${reason}` };
}

/**
 * Decides whether a person may train for a problem on a scope: a role for every column of every table that passed its
 * check, and the policies' answer about what would become features. Throws `unfit` where the label's or the entity's
 * table failed its check, `not_found` where the label's column isn't there.
 */
export function clearScope(input: ClearanceInput): Cleared {
  const { policies, principal, context, problem, scope } = input;
  const { fit, dropped } = fitMembers(input);
  const tables = fit.map((member) => {
    const dataset = parseDatasetRef(member.pin).name;
    const joinKeys = joinKeysOf(scope, dataset);
    const { classification, times } = member;
    const roles = columnRoles({ policies, principal, context, dataset, classification, problem, joinKeys, times });
    return { member, dataset, roles, classification };
  });
  const roles = tables.flatMap((table) => table.roles);
  const held = new Set(roles.map(({ dataset, column }) => `${dataset}.${column}`));
  const lacking = labelReads(problem).find(({ dataset, column }) => !held.has(`${dataset}.${column}`));
  if (lacking)
    throw fault(
      "not_found",
      `the scope has no column ${lacking.column} in ${lacking.dataset}, which labels are made from; name one of its columns`,
    );
  const all = [...new Set(tables.flatMap(({ classification }) => classification.columns.flatMap(classesOf)))].sort();
  const features = [...new Set(tables.flatMap((table) => featureClasses(table.roles, table.classification)))].sort();
  const train = decide(policies, {
    action: "train",
    principal,
    context,
    resource: { type: "Dataset", id: problem.dataset, classes: all, featureClasses: features },
  });
  // A purpose or a person that may train on nothing is the reason, not what follows from it for single columns.
  const decision = (train.allowed ? refusedPart(roles, input) : null) ?? train;
  const found = new Map(
    tables.flatMap(({ dataset, classification }) =>
      classification.columns.map((column): [string, ColumnClassification] => [`${dataset}.${column.name}`, column]),
    ),
  );
  const left = roles.filter(({ role, use }) => role !== "feature" && use !== "label");
  return {
    decision,
    classes: features,
    value: {
      datasets: fit.map(({ pin }) => pin),
      columns: Object.fromEntries(
        roles.map(({ dataset, column, role, use, compared, reason }) => {
          const name = `${dataset}.${column}`;
          return [name, { role, use, compared, reason, pii: found.get(name)!.pii }];
        }),
      ),
      dropped: [
        ...dropped,
        ...left.map(({ dataset, column, role, reason }) => {
          const name = `${dataset}.${column}`;
          const as = { key: "key only: ", evaluate_only: "only to compare results by: ", none: "", feature: "" }[role];
          return { name, reason: `${as}${reason}`, number: found.get(name)!.tags[0]?.share ?? null };
        }),
      ],
      obligations: obligationsOf(roles, decision),
      policies: [...new Set([...decision.policies, ...roles.flatMap((role) => role.policies)])].sort(),
    },
  };
}
