import type { AnyTrx } from "@muster/bus/context.ts";
import type { ServingDeps } from "../serving/deps.ts";

/** Ends the test that runs under a name, inside the given transaction, and takes back the receipts that say it runs; gives its id, null where none ran. */
export async function endTest(
  trx: AnyTrx,
  { rollouts, evidence }: Pick<ServingDeps, "rollouts" | "evidence">,
  { name, at, because }: { name: string; at: string; because: string },
): Promise<string | null> {
  const ended = await rollouts.end(trx, name, at, because);
  for (const { id } of await evidence.store.standing("ab_test.started", { deployment: name }, 1000, trx))
    await evidence.store.revoke(trx, id, because);
  return ended;
}
