import type { Receipt } from "@muster/shared/domain/receipt.ts";
import { factType } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import type { ServingDeps } from "./deps.ts";
import type { Deployment } from "./store.ts";

/**
 * The revision that a deployment goes back to: the newest one of the named version, else what stood before the live
 * version first went live (so that going back twice never brings the bad one again). `history` is newest first.
 * `not_found` where there is none, `conflict` where the named one is live already.
 */
export function revisionBefore(live: Deployment, history: readonly Deployment[], version?: number): Deployment {
  if (version === live.version)
    throw fault("conflict", `${live.name} version ${version} is live already; name another one`);
  const first = history.findLast((one) => one.version === live.version)?.revision ?? live.revision;
  const found =
    version === undefined
      ? history.find((one) => one.revision < first && one.version !== live.version)
      : history.find((one) => one.version === version);
  if (found) return found;
  const were = [...new Set(history.map((one) => one.version))].filter((one) => one !== live.version);
  const others = were.length === 0 ? "no other version was ever live" : `live before were versions ${were.join(", ")}`;
  throw fault("not_found", `${live.name} has nothing to go back to: ${others}; deploy a version instead`, {
    deployment: live.name,
    versions: were,
  });
}

/**
 * The receipt by which a revision went live, as long as all that it was derived from still stands: its own revocation only
 * says that a newer one took its place. `precondition_failed` names what was taken back (an erasure, retention, retirement).
 */
export async function standingLive(evidence: ServingDeps["evidence"], revision: Deployment): Promise<Receipt> {
  const { name, hash, version } = revision;
  const gone = (fact: string, why: string) =>
    fault("precondition_failed", `${name} version ${version} can't go live again: ${why}; train and deploy it anew`, {
      missing: [fact],
    });
  const given = await evidence.store.given("deployment.live", { deployment: name, model: hash });
  const receipt = given.map((stored) => evidence.believe(stored)).find((one) => one !== null);
  if (!receipt) throw gone("deployment.live", "no receipt of it can be verified");
  const chain = await evidence.load([receipt.id]);
  if ([...chain.values()].some(({ uses }) => uses.some((id) => !chain.has(id))))
    throw gone("deployment.live", "what it was derived from can't be verified");
  const needed = [...chain.values()].filter(
    (one) => one.id !== receipt.id && factType(one.fact)?.kind !== "permission",
  );
  const revoked = new Set(
    (await evidence.store.spent(needed.map((one) => one.id)))
      .filter(({ key }) => key === null)
      .map((row) => row.receipt),
  );
  const first = needed.find((one) => revoked.has(one.id));
  if (first) throw gone(first.fact, `its ${first.fact} was taken back`);
  return receipt;
}
