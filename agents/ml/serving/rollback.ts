import type { Receipt } from "@muster/shared/domain/receipt.ts";
import { fault } from "@muster/shared/fault.ts";
import type { ServingDeps } from "./deps.ts";
import { checkChain } from "./go-live.ts";
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

/** The receipt by which a revision went live, as long as all that it was derived from still stands; else `precondition_failed`. */
export async function standingLive(
  evidence: ServingDeps["evidence"],
  { name, hash, version }: Deployment,
): Promise<Receipt> {
  const what = `${name} version ${version}`;
  const given = await evidence.store.given("deployment.live", { deployment: name, model: hash });
  const receipt = given.map((stored) => evidence.believe(stored)).find((one) => one !== null);
  if (!receipt)
    throw fault("precondition_failed", `${what} can't go live: no receipt says that it ever was`, {
      missing: ["deployment.live"],
    });
  await checkChain(evidence, receipt, what);
  return receipt;
}
