import { RoleName } from "@muster/shared/domain/policy.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import type { GovernanceStore } from "../store.ts";

/**
 * The roles in which exactly `what` was approved: those of the approval shown, where its text is this one to the letter
 * and its row says yes. What was approved for anything else counts for nothing.
 */
export async function approvedRoles(
  store: GovernanceStore,
  shown: FactValue<"approval.given"> | null,
  what: string,
): Promise<RoleName[]> {
  if (shown?.what !== what) return [];
  const approval = await store.approvals.get(shown.approval);
  if (approval?.state !== "approved") return [];
  return RoleName.options.filter((role) => role === approval.role);
}
