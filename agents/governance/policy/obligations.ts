import { type Obligation, RoleName } from "@muster/shared/domain/policy.ts";
import type { Action } from "./question.ts";

type Kind = Obligation["kind"];

/**
 * Who keeps an obligation, by what it is asked about. What stands here is enforced by the tool that asks: clear_training
 * (`train`, `use_as_…`), clear_deployment (`deploy`), clear_change (what takes that back), clear_access (`read`), assess_fairness (groups of
 * `use_for_evaluation`). Anything else would be a promise that nobody keeps, and a policy that makes it is refused.
 */
export const enforced: Readonly<Record<Action, readonly Kind[]>> = {
  train: ["approval", "retention"],
  deploy: ["approval"],
  roll_back: ["approval"],
  retire: ["approval"],
  end_test: ["approval"],
  read: ["drop", "mask", "aggregate", "approval", "retention"],
  use_as_feature: ["drop", "mask"],
  use_as_key: ["drop", "mask"],
  use_as_label: ["drop", "approval"],
  use_for_evaluation: ["drop", "aggregate"],
};

/** What a forbid can be told to do: the column goes, or somebody's yes lifts it. The others only mean something with a yes. */
const withNo: readonly Kind[] = ["drop", "approval"];

const wholeFrom = (least: number) => (detail: string | null) =>
  detail !== null && /^\d{1,6}$/.test(detail) && Number(detail) >= least;

const details: Record<Kind, { fits: (detail: string | null) => boolean; says: string }> = {
  drop: { fits: (detail) => detail === null, says: "drop" },
  mask: { fits: (detail) => detail === null, says: "mask" },
  aggregate: { fits: wholeFrom(2), says: "aggregate:ROWS with at least 2 rows" },
  approval: { fits: (detail) => RoleName.options.some((role) => role === detail), says: "approval:ROLE" },
  retention: { fits: wholeFrom(1), says: "retention:DAYS" },
};

/** `approval:approver, mask` as obligations of a policy; a text where one can't be read. */
export function readObligations(policy: string, text: string): Obligation[] | string {
  const found: Obligation[] = [];
  for (const part of text.split(",").map((one) => one.trim())) {
    if (part === "") continue;
    const [kind = "", rest] = part.split(":", 2);
    const detail = rest?.trim() || null;
    const known = details[kind as Kind];
    if (!known) return `@obligation of ${policy} must be one of ${Object.keys(details).join(", ")}`;
    if (!known.fits(detail)) return `@obligation of ${policy}: write ${known.says}`;
    found.push({ kind: kind as Kind, detail, policy });
  }
  return found;
}

/** Why a policy's obligation would be kept by nobody; null where every one is enforced for every action it speaks of. */
export function unkept(
  { id, effect, actions }: { id: string; effect: "permit" | "forbid"; actions: readonly Action[] },
  obligations: readonly Obligation[],
): string | null {
  for (const { kind } of obligations) {
    if (effect === "forbid" && !withNo.includes(kind))
      return `policy ${id} forbids, so nobody would keep its ${kind}; put that on a permit`;
    const open = actions.find((action) => !enforced[action].includes(kind));
    if (open) return `policy ${id}: nobody enforces ${kind} for ${open}; take it off or name other actions`;
  }
  return null;
}

/** The number an obligation of a kind sets, the strictest of several; null without one. */
export function strictest(obligations: readonly Obligation[], kind: "aggregate" | "retention"): number | null {
  const set = obligations.filter((one) => one.kind === kind).map(({ detail }) => Number(detail));
  if (set.length === 0) return null;
  return kind === "aggregate" ? Math.max(...set) : Math.min(...set);
}
