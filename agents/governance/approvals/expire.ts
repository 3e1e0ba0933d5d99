import { emitEvent } from "@muster/bus/event.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import type { GovernanceStore } from "../store.ts";

/** How long an approval waits for a person; then it is a no. */
export const approvalMs = 24 * 60 * 60_000;

/** Turns approvals whose time is over into a no, with its audit event and its event for the planner. Gives how many. */
export async function expireApprovals(
  store: GovernanceStore,
  { evidence, nats, now }: Pick<Process, "evidence" | "nats" | "now">,
): Promise<number> {
  const at = now().toISOString();
  const decided = (id: string, request: string) => ({ request, approval: id, approved: false });
  const expired = await store.approvals.expire(at, async (trx, { id, request, step, what }) => {
    await evidence.store.emit(trx, "governance.approval_decided", decided(id, request));
    await evidence.store.audit(trx, {
      id: newId("aud"),
      at,
      what: "governance.approval_expired",
      subject: id,
      person: null,
      request,
      step,
      data: { what },
      receipts: [],
    });
  });
  for (const { id, request } of expired) emitEvent(nats, "governance", "approval_decided", decided(id, request));
  return expired.length;
}
