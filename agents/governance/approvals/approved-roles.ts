import { RoleName } from "@muster/shared/domain/policy.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { GovernanceStore } from "../store.ts";

/** What a yes has to be about: this text and content, for this person in this request. */
export type Approvable = { what: string; content: string; request: string; person: string };

/**
 * The roles in which exactly this was approved: that of the approval shown, where its text is this one to the letter, its
 * content has this hash, it was asked for by this person in this request, and its row says yes. What was approved for
 * anything else counts for nothing. `conflict` where the content changed since the yes.
 */
export async function approvedRoles(
  store: Pick<GovernanceStore, "approvals">,
  shown: FactValue<"approval.given"> | null,
  { what, content, request, person }: Approvable,
): Promise<RoleName[]> {
  if (shown?.what !== what) return [];
  const approval = await store.approvals.get(shown.approval);
  if (approval?.state !== "approved" || approval.request !== request || approval.asked_by !== person) return [];
  if (approval.content === null) return [];
  if (approval.content !== content)
    throw fault("conflict", "what was approved has changed since; ask again", { approval: approval.id });
  return RoleName.options.filter((role) => role === approval.role);
}
