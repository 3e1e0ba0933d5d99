import type { AnyTrx } from "@muster/bus/context.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import { factType } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { endTest } from "../abtest/end-test.ts";
import type { ServingDeps } from "./deps.ts";
import type { Deployment, NewDeployment } from "./store.ts";

/**
 * Puts a version live, inside the given transaction: what bore the name ends, a test of it ends, and every receipt that says
 * another model is live under it is taken back. Gives what it replaced.
 */
export async function takePlace(
  trx: AnyTrx,
  { deployments, rollouts, evidence }: Pick<ServingDeps, "deployments" | "rollouts" | "evidence">,
  row: NewDeployment,
  because: string,
): Promise<{ changed: boolean; replaced: Deployment | null }> {
  const came = await deployments.replace(trx, row);
  if (came.changed) await endTest(trx, { rollouts, evidence }, { name: row.name, at: row.at, because });
  // Read under the name's lock and on its connection: what stands here is all that this version replaces.
  for (const stored of await evidence.store.standing("deployment.live", { deployment: row.name }, 1000, trx))
    if (evidence.believe(stored)?.about.model !== row.hash) await evidence.store.revoke(trx, stored.id, because);
  return came;
}

/** What goes live on an earlier clearance: by whose word, in which request. */
export type OnEarlier = { receipt: Receipt; accepted: string; request: string | null; person: string | null };

/** Says that a model is live which was cleared before: about what the earlier receipt is about, derived from what it was. */
export async function giveLive(
  trx: AnyTrx,
  { evidence }: Pick<ServingDeps, "evidence">,
  { receipt, accepted, request, person }: OnEarlier,
  value: { name: string; version: number; hash: string; url: string },
): Promise<void> {
  const statement = { about: receipt.about, value, request, person, uses: [...receipt.uses, accepted] };
  await evidence.give({ ...statement, fact: "deployment.live", verdict: "passed" }, trx);
}

/**
 * Refuses to go on with a receipt of which anything it was derived from was taken back (an erasure, retention, retirement);
 * its own revocation doesn't count. `precondition_failed` names the fact; `what` begins the message.
 */
export async function checkChain(evidence: ServingDeps["evidence"], receipt: Receipt, what: string): Promise<void> {
  const gone = (fact: string, why: string) =>
    fault("precondition_failed", `${what} can't go live: ${why}; train and deploy it anew`, { missing: [fact] });
  const chain = await evidence.load([receipt.id]);
  if ([...chain.values()].some(({ uses }) => uses.some((id) => !chain.has(id))))
    throw gone(receipt.fact, "what it was derived from can't be verified");
  const needed = [...chain.values()].filter(
    (one) => one.id !== receipt.id && factType(one.fact)?.kind !== "permission",
  );
  const spent = await evidence.store.spent(needed.map((one) => one.id));
  const revoked = new Set(spent.filter(({ key }) => key === null).map((row) => row.receipt));
  const first = needed.find((one) => revoked.has(one.id));
  if (first) throw gone(first.fact, `its ${first.fact} was taken back`);
}
