import { type Classification, type ColumnClassification, classesOf } from "@muster/shared/domain/classification.ts";
import type { ColumnRole, Decision, Obligation } from "@muster/shared/domain/policy.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { hasNoOwnRow, isEventRule, labelColumn, ruleTime, ruleValues } from "@muster/shared/features/label-rule.ts";
import { decide } from "./decide.ts";
import { strictest } from "./obligations.ts";
import type { PolicySet } from "./policy-set.ts";
import type { ColumnAction, Principal, Situation } from "./question.ts";

/** What a column's role follows from. `joinKeys` and `times` are columns of this dataset. */
export type ColumnRolesInput = {
  policies: PolicySet;
  principal: Principal;
  context: Situation;
  dataset: string;
  classification: Classification;
  problem: Pick<Problem, "dataset" | "entity" | "time" | "label" | "exclusions" | "population">;
  joinKeys: string[];
  times: string[];
};

/** Asks once for each action and set of classes: columns of one class get one answer. */
function asker({ policies, principal, context }: ColumnRolesInput) {
  const known = new Map<string, Decision>();
  return (action: ColumnAction, classes: string[]): Decision => {
    const name = `${action} ${classes.join(" ")}`;
    const held = known.get(name);
    if (held) return held;
    const resource = { type: "Column" as const, id: classes.join("+") || "plain", classes };
    const decision = decide(policies, { action, principal, context, resource });
    known.set(name, decision);
    return decision;
  };
}

/** What the problem reads the column for; columns of other tables only carry keys and times. */
function useOf(column: string, { dataset, problem, joinKeys, times }: ColumnRolesInput) {
  const own = dataset === problem.dataset;
  const { label } = problem;
  const whom = problem.population?.dataset === dataset ? problem.population : undefined;
  if (own && labelColumn(label) === column) return "label";
  if (joinKeys.includes(column) || (own && problem.entity === column) || whom?.key === column) return "key";
  // What events are counted by: their values before the cutoff may be learned from as well.
  if (own && hasNoOwnRow(label) && ruleValues(label).includes(column)) return "events";
  if (whom?.where.some((condition) => condition.column === column)) return "events";
  const when = own ? [ruleTime(label), problem.time, label.kind === "occurs" ? label.arrived : null] : [];
  return [...when, ...times, whom?.time, whom?.arrived].includes(column) ? "time" : null;
}

/** Whether rows of the dataset are events in time that ids in them hold together. */
const groups = ({ dataset, problem }: ColumnRolesInput): boolean =>
  dataset === problem.dataset && (problem.time !== null || isEventRule(problem.label));

const given = (decision: Decision) => ({ policies: decision.policies, obligations: decision.obligations });
const bound = (decision: Decision, kind: Obligation["kind"]): boolean =>
  decision.obligations.some((obligation) => obligation.kind === kind);

/**
 * Whether a column may be used so after the obligations of the yes: one that is to be dropped isn't, and one that is to be
 * masked is no feature, since features are made of the values themselves.
 */
const kept = (decision: Decision, as: ColumnAction): boolean =>
  decision.allowed && !bound(decision, "drop") && !(bound(decision, "mask") && as !== "use_as_key");

/** Why a column isn't used so. */
const refusedBy = (decision: Decision): string =>
  decision.allowed
    ? `${decision.why}, but it is to be ${bound(decision, "drop") ? "dropped" : "masked"} (policy ${decision.policies.join(", ")})`
    : decision.why;

/** Groups of a protected attribute are told from this many rows on; a policy may want more. */
const groupRows = 20;

/** The least rows a group must have for a protected attribute to be compared by it; null where it is none, or may not be. */
function comparedOf(column: ColumnClassification, ask: (action: ColumnAction, classes: string[]) => Decision) {
  const classes = classesOf(column);
  if (!classes.includes("protected") && !classes.includes("birth_date")) return null;
  const asked = ask("use_for_evaluation", classes);
  if (!kept(asked, "use_for_evaluation")) return null;
  return Math.max(groupRows, strictest(asked.obligations, "aggregate") ?? 0);
}

/**
 * A role for every column of a dataset, each with the policy that decided.
 * The label is read for labels only (`use: "label"`, role none); where the policies refuse it, `use` is null and the
 * training cannot be cleared. What events are counted by is read for labels too, and may be a feature beside: of events that
 * lie before the cutoff. Entity and join keys become `key`, and so do ids in a log of events, which group them; a column a person excluded is `none`, whatever it is,
 * but for the entity, which is never a feature; one that may not be a feature is `evaluate_only` where policies let it be
 * compared, else `none`. Times keep `use: "time"` whatever their role, or nobody could keep to what was known by then;
 * only a direct identifier is never read for that.
 */
export function columnRoles(input: ColumnRolesInput): ColumnRole[] {
  const { dataset, classification, problem } = input;
  const ask = asker(input);
  const roleOf = (column: ColumnClassification): ColumnRole => {
    const { name } = column;
    const classes = classesOf(column);
    const compared = comparedOf(column, ask);
    const base = { dataset, column: name, use: null, policies: [], obligations: [], compared };
    const found = column.tags.length > 0 ? ` (${column.why})` : "";
    const use = useOf(name, input);
    if (use === "label") {
      const asked = ask("use_as_label", classes);
      if (!kept(asked, "use_as_label"))
        return { ...base, ...given(asked), role: "none", reason: `refused as label: ${refusedBy(asked)}${found}` };
      return {
        ...base,
        ...given(asked),
        compared: null,
        role: "none",
        use,
        reason: "the label: read to build labels, never a feature",
      };
    }
    const counted = use === "events" ? ask("use_as_label", classes) : null;
    if (counted !== null && !kept(counted, "use_as_label"))
      return { ...base, ...given(counted), role: "none", reason: `refused as label: ${refusedBy(counted)}${found}` };
    const time =
      counted !== null ? ("label" as const) : use === "time" && !classes.includes("direct") ? ("time" as const) : null;
    const entity = dataset === problem.dataset && name === problem.entity;
    if (!entity && (problem.exclusions.includes(name) || problem.exclusions.includes(`${dataset}.${name}`)))
      return { ...base, role: "none", use: time, reason: "excluded by the person who asked" };
    if (use === "key") {
      const asked = ask("use_as_key", classes);
      const role = kept(asked, "use_as_key") ? "key" : "none";
      return { ...base, ...given(asked), compared: null, role, reason: `${asked.why}${found}` };
    }
    const asked = ask("use_as_feature", classes);
    if (kept(asked, "use_as_feature"))
      return { ...base, ...given(asked), role: "feature", use: time, reason: asked.why };
    // An id that comes again in a log of events groups them: what a card or a customer did before.
    const grouping = groups(input) && classes.includes("key") ? ask("use_as_key", classes) : null;
    if (grouping !== null && kept(grouping, "use_as_key"))
      return { ...base, ...given(grouping), compared: null, role: "key", reason: `${grouping.why}${found}` };
    const comparing = ask("use_for_evaluation", classes);
    const why = refusedBy(asked);
    if (kept(comparing, "use_for_evaluation"))
      return {
        ...base,
        ...given(comparing),
        role: "evaluate_only",
        use: time,
        reason: `${why}; ${comparing.why}${found}`,
      };
    return { ...base, ...given(asked), role: "none", use: time, reason: `${why}${found}` };
  };
  return classification.columns.map(roleOf);
}

/** The classes of the columns that became features: what the decision to train is about. Sorted. */
export function featureClasses(roles: ColumnRole[], classification: Classification): string[] {
  const features = new Set(roles.filter((role) => role.role === "feature").map((role) => role.column));
  const columns = classification.columns.filter((column) => features.has(column.name));
  return [...new Set(columns.flatMap(classesOf))].sort();
}
